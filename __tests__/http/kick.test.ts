import { describe, expect, it } from '@jest/globals'
import { byHeader, byIp, limitConn, type LimitConnOptions } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { connect2 } from '../helpers/client2.ts'
import { guarded } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { kinds, serve2 } from '../helpers/http2.ts'
import { serve, untilConnections } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'
import { upgrading } from '../helpers/upgrades.ts'

async function counting(options: Partial<LimitConnOptions>, tls = false) {
  const held = new Held()
  const policy = limitConn({ limit: 10, logLevel: false, ...options })
  const server = await serve(bare([policy], held.handler), { policies: [policy], tls, host: '::' })
  return { held, policy, server, zone: policy.zones[0]! }
}

describe('zone.kick closes', () => {
  it.each([false, true])('the connections of an address, idle or not, TLS %s', async (tls) => {
    const { held, zone, server } = await counting({}, tls)
    const idle = await server.get()
    await held.arrived(1)
    held.release()
    await idle.answer()
    const busy = await server.get()
    await held.arrived(1)
    const other = (await server.connect({ localAddress: '127.0.0.2' })).get()
    await held.arrived(2)
    const { res } = held.waiting[0]!

    expect(zone.kick('::ffff:127.0.0.1')).toBe(2)
    expect([zone.count('127.0.0.1'), zone.count('127.0.0.2')]).toEqual([0, 1])
    await Promise.all([idle.closed(), busy.closed()])
    await until('the handler is told', () => res.closed)
    expect(other.isClosed).toBe(false)
    expect([zone.kick('127.0.0.1'), zone.kick('203.0.113.7')]).toEqual([0, 0])
    expect(zone.stats()).toMatchObject({ kicked: 2, active: 1 })
  })

  it('an IPv6 subnet, by any address in it', async () => {
    const { held, zone, server } = await counting({ key: byIp({ ipv6Subnet: 64 }) })
    const client = (await server.connect({ host: '::1' })).get()
    await held.arrived(1)
    expect(zone.kick('::2')).toBe(1)
    await client.closed()
  })

  it('the clients of a header key, and not the address of that name', async () => {
    const { held, zone, server } = await counting({ key: byHeader('x-key') })
    const client = await server.get('/', { 'x-key': '127.0.0.1' })
    await held.arrived(1)
    expect(zone.kick('127.0.0.1')).toBe(0)
    expect(zone.kick({ text: '127.0.0.1' })).toBe(1)
    await client.closed()
    expect(zone.stats()).toMatchObject({ kicked: 1, active: 0, keys: 0 })
  })

  it('raw TCP under a guard, after a last word', async () => {
    const served = await guarded('net', { limit: 3, onEvict: (socket, cause) => void socket.end(cause) })
    const clients = [await served.connect(), await served.connect()]
    await until('both are counted', () => served.zone.stats().active === 2)
    expect(served.zone.kick('127.0.0.1')).toBe(2)
    expect(served.zone.stats().active).toBe(0)
    await Promise.all(clients.map((client) => client.closed()))
    expect(clients.map(({ received }) => received)).toEqual(['kicked', 'kicked'])
    await untilConnections(served.server, 0)
  })

  it('an upgraded connection', async () => {
    const { ask, zone, echo } = await upgrading()
    const client = await ask()
    await until('it is let in', () => echo.runs === 1)
    expect(zone.kick('127.0.0.1')).toBe(1)
    await client.closed()
    expect(await (await ask()).answer()).toBe(101)
  })

  it('an HTTP/1 request that is counted by itself, with its connection', async () => {
    const { held, zone, server } = await counting({ count: 'requests' })
    const client: Client = await server.get()
    client.get()
    await held.arrived(2)
    expect(zone.count('127.0.0.1')).toBe(2)
    expect(zone.kick('127.0.0.1')).toBe(2)
    await client.closed()
    expect(zone.stats()).toMatchObject({ kicked: 2, active: 0 })
  })

  it('what asks for it, in its own handler', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const kicks: number[] = []
    const handler = bare([policy], (_req, res) => {
      kicks.push(policy.zones[0]!.kick('127.0.0.1'))
      res.end('late')
    })
    const server = await serve(handler, { policies: [policy] })
    const client = await server.get()
    await client.closed()
    expect([kicks, client.received]).toEqual([[1], ''])
  })
})

describe.each(kinds)('zone.kick over HTTP/2, %s', (_kind, tls) => {
  it('closes a session that is one connection', async () => {
    const { held, server, policy } = await serve2({}, tls)
    const session = await connect2(server)
    const streams = [session.get(), session.get()]
    await held.arrived(2)
    let told = 0
    for (const { res } of held.waiting) res.on('close', () => told++)
    expect(policy.zones[0]!.kick('127.0.0.1')).toBe(1)
    await session.closed()
    await Promise.all(streams.map((stream) => stream.closed()))
    await until('the handlers are told', () => told === 2)
    await untilConnections(server.server, 0)
  })

  it('resets the streams that are counted by themselves, and lets the session be', async () => {
    const key = byHeader('x-key')
    const { held, server, policy } = await serve2({ count: 'requests', limit: 3, key }, tls)
    const session = await connect2(server)
    const kicked = [session.get('/', { 'x-key': 'a' }), session.get('/', { 'x-key': 'a' })]
    await held.arrived(2)
    const other = session.get('/', { 'x-key': 'b' })
    await held.arrived(3)
    held.waiting[0]!.res.write('half')
    let told = 0
    for (const { res } of held.waiting) res.on('close', () => told++)

    expect(policy.zones[0]!.kick('a')).toBe(2)
    expect(policy.zones[0]!.stats()).toMatchObject({ kicked: 2, active: 1 })
    await Promise.all(kicked.map((stream) => stream.closed()))
    expect(kicked.map(({ stream }) => stream.rstCode)).toEqual([8, 8])
    await until('the handlers are told', () => told === 2)
    expect(session.isClosed).toBe(false)
    held.waiting[2]!.res.end('ok')
    expect(await other.status()).toBe(200)
  })

  it('a session may be kicked in a handler of its own stream, again and again', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const handler = bare([policy], (_req, res) => {
      policy.zones[0]!.kick('127.0.0.1')
      res.end('late')
    })
    const server = await serve(handler, { policies: [policy], tls, http2: true })
    for (let n = 0; n < 30; n++) {
      const session = await connect2(server)
      session.get()
      session.get()
      await session.closed()
    }
    expect(policy.zones[0]!.stats()).toMatchObject({ kicked: 30, active: 0 })
  })
})
