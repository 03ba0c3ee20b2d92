import { describe, expect, it } from '@jest/globals'
import connect from 'connect'
import express from 'express'
import express4 from 'express4'
import { limitConn, type LimitConn } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { serve, type Handler } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

/** Each host with the policy in front of a held handler. */
const hosts: Record<string, (policy: LimitConn, handler: Handler) => Handler> = {
  'Express 5': (policy, handler) => express().use(policy).use(handler),
  'Express 4': (policy, handler) => express4().use(policy).use(handler),
  Connect: (policy, handler) => connect().use(policy).use(handler),
  'node:http': (policy, handler) => (req, res) =>
    policy(req, res, (error) => (error ? res.writeHead(500).end() : handler(req, res))),
}

describe.each(Object.keys(hosts))('limitConn on %s', (name) => {
  describe.each([false, true])('over TLS: %s', (tls) => {
    const mount = hosts[name]!

    it('holds as many connections of one address as the limit says, and answers 503 above', async () => {
      const policy = limitConn({ limit: 3, logLevel: false })
      const held = new Held()
      const server = await serve(mount(policy, held.handler), { policies: [policy], tls })

      const clients = await Promise.all([1, 2, 3].map(() => server.get()))
      await held.arrived(3)
      const refused = await server.get()

      expect(await refused.answer()).toBe(503)
      await refused.closed()
      expect(policy.zones[0]!.count('127.0.0.1')).toBe(3)
      expect(held.runs).toBe(3)

      clients[0]!.destroy()
      await until('the slot is free', () => policy.zones[0]!.count('127.0.0.1') === 2)
      await server.get()
      await held.arrived(4)
      expect(policy.zones[0]!.stats()).toMatchObject({ passed: 4, rejected: 1, active: 3, peak: 3 })
    })

    it('counts an idle keep-alive connection, and all its requests as one', async () => {
      const policy = limitConn({ limit: 1, logLevel: false })
      const server = await serve(
        mount(policy, (req, res) => res.end(req.limitConn?.status)),
        { policies: [policy], tls },
      )

      const client = await server.get()
      await client.answer(1)
      client.get()
      await client.answer(2)
      const other = await server.get()

      expect(await other.answer()).toBe(503)
      expect(client.received).toContain('PASSED')
      expect(policy.zones[0]!.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
    })
  })
})
