import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { byIp, limitConn, Zone, type LimitConn, type LimitConnOptions } from '../../lib/index.ts'
import { connect2 } from '../helpers/client2.ts'
import { bare } from '../helpers/hosts.ts'
import { Held } from '../helpers/held.ts'
import { serve } from '../helpers/server.ts'

/** A policy that refuses the second, and the lines of its log. */
function logging(options: Partial<LimitConnOptions> = {}): { policy: LimitConn; lines: string[] } {
  const lines: string[] = []
  const logger = { error: (line: string) => lines.push(line) }
  const zone = new Zone({ name: 'addr' })
  return { policy: limitConn({ limit: 1, zone, logger, warnings: false, ...options }), lines }
}

const forwarded = { 'X-Forwarded-For': '203.0.113.7' }

describe('the log line of a refusal', () => {
  it('has the fields of nginx', async () => {
    const { policy, lines } = logging()
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    await server.get()
    await held.arrived(1)
    await (await server.get('/x?y=1', forwarded)).answer()
    const fields = `client: 127.0.0.1, server: 127.0.0.1:${server.port}, request: "GET /x?y=1 HTTP/1.1", host: "test"`
    expect(lines).toEqual([`limiting connections by zone "addr", ${fields}`])
  })

  it('has the address of a dual-stack server as a person writes it', async () => {
    const { policy, lines } = logging()
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy], host: '::' })
    await server.get()
    await held.arrived(1)
    await (await server.get()).answer()
    expect(lines[0]).toContain(`, client: 127.0.0.1, server: 127.0.0.1:${server.port}, `)
    const six = await server.connect({ host: '::1' })
    policy.setConfig({ zone: new Zone({ name: 'six' }), limit: () => 0 })
    await six.get().answer()
    expect(lines[1]).toContain(`, client: ::1, server: [::1]:${server.port}, `)
  })

  it('names the client that a trusted proxy speaks for, as byIp sees it', async () => {
    const { policy, lines } = logging({ key: byIp({ trustProxy: 'loopback' }) })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    await server.get('/', forwarded)
    await held.arrived(1)
    await (await server.get('/', { 'X-Forwarded-For': '192.0.2.1, ::ffff:203.0.113.7' })).answer()
    expect(lines[0]).toContain(', client: 203.0.113.7, server: 127.0.0.1:')
  })

  it('names it as Express sees it, and the socket where X-Forwarded-For has no address', async () => {
    const { policy, lines } = logging({ key: () => 'one', count: 'requests' })
    const held = new Held()
    const app = express().set('trust proxy', 1).use(policy).use(held.handler)
    const server = await serve(app, { policies: [policy] })
    await server.get()
    await held.arrived(1)
    await (await server.get('/', forwarded)).answer()
    expect(lines[0]).toContain(', client: 203.0.113.7, ')

    policy.setConfig({ zone: new Zone({ name: 'other' }) })
    await server.get()
    await held.arrived(2)
    await (await server.get('/', { 'X-Forwarded-For': 'nonsense' })).answer()
    expect(lines[1]).toContain(', client: 127.0.0.1, ')
  })

  it('names the host and the protocol over HTTP/2', async () => {
    const { policy, lines } = logging()
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy], http2: true })
    ;(await connect2(server)).get()
    await held.arrived(1)
    await (await connect2(server)).get('/x').status()
    expect(lines[0]).toContain(`request: "GET /x HTTP/2.0", host: "127.0.0.1:${server.port}"`)
  })
})
