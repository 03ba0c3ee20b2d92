import { once } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { byIp, limitConn } from '../../lib/index.ts'
import { connect2 } from '../helpers/client2.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve, type Handler, type Served } from '../helpers/server.ts'
import { elapse, until } from '../helpers/until.ts'

/** Connects, asks, and resets after 0 to `jitterMs`; bounded to 100 clients at one time. */
async function leave(server: Served, clients: number, jitterMs: number): Promise<void> {
  for (let left = clients; left > 0; left -= 100) {
    await Promise.all(
      Array.from({ length: Math.min(100, left) }, async () => {
        const client = await server.get('/', { 'x-api-key': 'k' })
        if (jitterMs > 0) await elapse(Math.random() * jitterMs)
        client.reset()
      }),
    )
  }
}

/** A handler that waits 0 to 30 ms before it goes on, as authentication does. */
function slowly(handler: Handler): Handler {
  return (req, res) => void setTimeout(() => handler(req, res), Math.random() * 30)
}

describe.each([
  { tls: false, clients: 10_000 },
  // A handshake takes five times as long as all the rest, and is no part of what is proved.
  { tls: true, clients: 2_000 },
])('clients that leave, TLS $tls', ({ tls, clients }) => {
  it(`A-05, F1, N4, N21: ${clients} that leave before the limiter is asked leave nothing counted`, async () => {
    const policy = limitConn({ limit: 5, logLevel: false, sweep: { everyMs: 100, graceMs: 200 } })
    const held = new Held()
    const server = await serve(slowly(bare([policy], held.handler)), { policies: [policy], tls })

    await leave(server, clients, 30)
    await until('nothing is counted', () => policy.zones[0]!.stats().active === 0, 20_000)
    await until('no connection is watched', () => policy.watched === 0)

    held.waiting.length = 0
    await Promise.all(Array.from({ length: 5 }, () => server.get()))
    await held.arrived(5)
    expect(await (await server.get()).answer()).toBe(503)
  }, 240_000)

  it('A-05, F2: nor do those that leave while an async key or limit is waited for', async () => {
    const policy = limitConn({
      limit: async () => (await elapse(Math.random() * 5), 5),
      key: async (req) => (await elapse(Math.random() * 20), String(req.headers['x-api-key'])),
      logLevel: false,
      sweep: { everyMs: 100, graceMs: 200 },
    })
    const held = new Held()
    const server = await serve(express().use(policy).use(held.handler), { policies: [policy], tls })

    await leave(server, clients / 5, 30)
    await until('nothing is counted', () => policy.zones[0]!.stats().active === 0, 20_000)
    expect(policy.zones[0]!.count('undefined')).toBe(0)
  }, 240_000)
})

it.each(['connections', 'requests'] as const)(
  'A-06, F25, F37: 1,000 that ask at one time through an async key get exactly the limit, counting %s',
  async (count) => {
    const policy = limitConn({
      limit: async () => (await elapse(Math.random() * 10), 7),
      key: async () => (await elapse(Math.random() * 10), 'shared'),
      count,
      logLevel: false,
    })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })

    const clients = await Promise.all(Array.from({ length: 1_000 }, () => server.get()))
    await until('all are answered or held', () => {
      return clients.filter(({ received }) => received !== '').length + held.runs === 1_000
    })

    expect(held.runs).toBe(7)
    expect(policy.zones[0]!.count('shared')).toBe(7)
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 7, rejected: 993, peak: 7 })
  },
)

it.each(['before', 'after'])(
  'A-14, F31: 1,000 connections destroyed in the same tick, %s the limiter',
  async (when) => {
    const policy = limitConn({ limit: 5, logLevel: false })
    const handler: Handler = (req, res) => {
      if (when === 'before') req.socket.destroy()
      policy(req, res, () => undefined)
      if (when === 'after') req.socket.destroy()
    }
    const server = await serve(handler, { policies: [policy] })
    for (let round = 0; round < 10; round++) {
      const clients = await Promise.all(Array.from({ length: 100 }, () => server.get()))
      await Promise.all(clients.map((client) => client.closed()))
    }

    expect(policy.zones[0]!.stats().active).toBe(0)
  },
)

it.each(['http', 'HTTP/2'])('asks no trust function for a client that has left, %s', async (kind) => {
  const asked: unknown[] = []
  const trustProxy = (address: string): boolean => (asked.push(address), address.startsWith('10.'))
  const policy = limitConn({ limit: 5, logLevel: false, key: byIp({ trustProxy }) })
  const errors: unknown[] = []
  const held = new Held()
  const server = await serve(held.handler, { policies: [policy], http2: kind === 'HTTP/2' })

  const client = kind === 'http' ? await server.get() : (await connect2(server)).get()
  await held.arrived(1)
  const [{ req, res }] = held.waiting as [Held['waiting'][number]]
  const left = once(res, 'close')
  client.reset()
  await left
  policy(req, res, (error) => errors.push(error))

  expect([asked, errors]).toEqual([[], []])
})
