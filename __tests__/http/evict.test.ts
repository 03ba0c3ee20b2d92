import type { Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { byHeader, byIp, limitConn, type LimitConnOptions } from '../../lib/index.ts'
import { connect2 } from '../helpers/client2.ts'
import { Held } from '../helpers/held.ts'
import { bare, hosts } from '../helpers/hosts.ts'
import { kinds, serve2 } from '../helpers/http2.ts'
import { layers } from '../helpers/layers.ts'
import { Sampled } from '../helpers/sampled.ts'
import { serve, untilConnections, type Served } from '../helpers/server.ts'
import type { Client } from '../helpers/client.ts'
import { until } from '../helpers/until.ts'

/** A server with a policy in a host, and requests that are held. */
async function evicting(options: Partial<LimitConnOptions>, { host = 'node:http', tls = false } = {}) {
  const held = new Held()
  const zone = new Sampled({ name: 'sampled' })
  const policy = limitConn({ limit: 2, onLimit: 'evict-oldest', zone, logLevel: false, ...options })
  const server = await serve(hosts[host]!([policy], held.handler), { policies: [policy], tls })
  return { held, zone, policy, server }
}

/** Asks on new connections, one after the other; the requests stay open. */
async function askInOrder(server: Served, held: Held, times: number): Promise<Client[]> {
  const clients: Client[] = []
  for (let n = 0; n < times; n++) {
    const { runs } = held
    clients.push(await server.get())
    await until('it is held', () => held.runs > runs)
  }
  return clients
}

async function answered(held: Held, client: Client): Promise<void> {
  const n = client.statuses.length + 1
  const { runs } = held
  client.get()
  await until('it is held', () => held.runs > runs)
  held.waiting.pop()!.res.end('ok')
  await client.answer(n)
}

const places = Object.keys(hosts).flatMap((host) => [false, true].map((tls) => ({ host, tls })))

describe.each(places)('limitConn evicts in $host, TLS $tls', (place) => {
  it('the oldest connection: its response closes, the newcomer is served', async () => {
    const { held, zone, server } = await evicting({}, place)
    const clients = await askInOrder(server, held, 2)
    const closed: string[] = []
    held.waiting[0]!.res.on('close', () => closed.push('response'))
    held.waiting[0]!.req.socket.on('close', () => closed.push('socket'))
    clients.push(...(await askInOrder(server, held, 1)))

    await clients[0]!.closed()
    expect(clients[0]!.received).toBe('')
    await until('its handler is told', () => closed.length === 2)
    await untilConnections(server.server, 2)
    held.release()
    expect(await Promise.all(clients.slice(1).map((client) => client.answer()))).toEqual([200, 200])
    expect(zone.stats()).toMatchObject({ passed: 3, rejected: 0, evicted: 1, active: 2, peak: 2 })
  })

  it('never holds more than the limit, under a storm', async () => {
    const { held, zone, server } = await evicting({ limit: 3 }, place)
    const clients = await Promise.all(Array.from({ length: 40 }, () => server.get()))
    await until('all were seen', () => zone.stats().passed === 40)
    expect([zone.highest, zone.stats().evicted, zone.stats().active]).toEqual([3, 37, 3])
    await untilConnections(server.server, 3)
    held.release()
    await until(
      'three are answered',
      () => clients.filter(({ statuses }) => statuses[0] === 200).length === 3,
    )
  })
})

describe.each([false, true])("limitConn, onLimit 'evict-idle', TLS %s", (tls) => {
  it('closes the keep-alive connection that has been idle for longest', async () => {
    const { held, server } = await evicting({ onLimit: 'evict-idle' }, { tls })
    const [one, two] = [await server.connect(), await server.connect()]
    for (const client of [one, two, one]) await answered(held, client)
    await askInOrder(server, held, 1)
    await two.closed()
    expect(one.isClosed).toBe(false)
    await answered(held, one)
  })

  it('closes a connection in the middle of a request last', async () => {
    const { held, server } = await evicting({ onLimit: 'evict-idle' }, { tls })
    const [busy] = await askInOrder(server, held, 1)
    const idle = await server.connect()
    await answered(held, idle)
    await askInOrder(server, held, 1)
    await idle.closed()
    expect(busy!.isClosed).toBe(false)

    await askInOrder(server, held, 1)
    await busy!.closed()
  })

  it('spares the one whose answer goes on, of two in the middle of a request', async () => {
    const { held, server } = await evicting({ onLimit: 'evict-idle' }, { tls })
    const [one, two] = await askInOrder(server, held, 2)
    held.waiting[0]!.res.write('more')
    await until('it has come', () => one!.received.includes('more'))
    await askInOrder(server, held, 1)
    await two!.closed()
    expect(one!.isClosed).toBe(false)
  })
})

describe.each(kinds)('limitConn evicts over HTTP/2, %s', (_kind, tls) => {
  it('the oldest session: its streams end, the newcomer is served', async () => {
    const zone = new Sampled({ name: 'sampled' })
    const { held, server } = await serve2({ zone, onLimit: 'evict-oldest' }, tls)
    const victim = await connect2(server)
    const streams = [1, 2, 3].map(() => victim.get())
    await held.arrived(3)
    let closed = 0
    for (const { res } of held.waiting.splice(0)) res.on('close', () => closed++)

    const newcomer = (await connect2(server)).get()
    await held.arrived(1)
    await victim.closed()
    await Promise.all(streams.map((stream) => stream.closed()))
    expect(streams.map(({ code }) => code)).toEqual([NaN, NaN, NaN])
    await until('the handlers are told', () => closed === 3)
    held.release()
    expect(await newcomer.status()).toBe(200)
    expect([zone.highest, zone.stats().evicted]).toEqual([1, 1])
    await untilConnections(server.server, 1)
  })

  it('the idlest session: one with an open stream is closed last, a later stream counts', async () => {
    const { held, server } = await serve2({ limit: 3, onLimit: 'evict-idle' }, tls)
    const [busy, one, two] = [await connect2(server), await connect2(server), await connect2(server)]
    const open = busy.get()
    await held.arrived(1)
    const [first] = held.waiting.splice(0)
    for (const session of [one, two, one]) {
      const stream = session.get()
      await held.arrived(1)
      held.release()
      await stream.closed()
    }
    ;(await connect2(server)).get()
    await two.closed()
    expect([busy.isClosed, one.isClosed]).toEqual([false, false])
    first!.res.end('late')
    expect(await open.status()).toBe(200)
  })

  it('a last word cannot be written below a session: that would end the process', async () => {
    const addresses: unknown[] = []
    const zone = new Sampled({ name: 'sampled' })
    const onEvict = (socket: Socket): void => {
      addresses.push(socket.remoteAddress)
      socket.end('bye')
    }
    const { held, server } = await serve2({ zone, onLimit: 'evict-oldest', onEvict }, tls)
    for (let n = 1; n <= 40; n++) {
      const session = await connect2(server)
      for (let each = 0; each < 5; each++) session.get()
      await until('it is let in', () => zone.stats().passed === n)
      held.release('x'.repeat(5_000))
    }
    await untilConnections(server.server, 1)
    expect(addresses).toEqual(Array.from({ length: 39 }, () => '127.0.0.1'))
  })

  it('under a storm of sessions with many streams, which read nothing', async () => {
    const zone = new Sampled({ name: 'sampled' })
    const { held, server } = await serve2({ zone, limit: 2, onLimit: 'evict-oldest' }, tls)
    for (let n = 0; n < 40; n++) {
      const session = await connect2(server, { settings: { initialWindowSize: 0 } })
      for (let each = 0; each < 10; each++) session.get()
      await until('it is let in', () => zone.stats().passed === n + 1)
      held.release('x'.repeat(10_000))
    }
    expect([zone.highest, zone.stats().evicted, zone.stats().active]).toEqual([2, 38, 2])
    await untilConnections(server.server, 2)
  })
})

describe('where requests are counted', () => {
  it('behind a trusted proxy a newcomer is refused, and nobody is closed', async () => {
    const held = new Held()
    const policy = limitConn({
      limit: 1,
      key: byIp({ trustProxy: 'loopback' }),
      onLimit: 'evict-oldest',
      logLevel: false,
    })
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    const headers = { 'X-Forwarded-For': '203.0.113.7' }
    const first = await server.get('/', headers)
    await held.arrived(1)
    const second = await server.get('/', headers)
    expect(await second.answer()).toBe(503)
    expect(first.isClosed).toBe(false)
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 1, rejected: 1, evicted: 0, active: 1 })
    held.release()
    expect(await first.answer()).toBe(200)
  })

  it('nor is a client of the same address that came without the proxy', async () => {
    const held = new Held()
    const key = byIp({ trustProxy: '127.0.0.1' })
    const policy = limitConn({ limit: 1, key, onLimit: 'evict-idle', logLevel: false })
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    const direct = await server.connect({ localAddress: '127.0.0.2' })
    await answered(held, direct)
    expect(await (await server.get('/', { 'X-Forwarded-For': '127.0.0.2' })).answer()).toBe(503)
    expect(direct.isClosed).toBe(false)
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 1, rejected: 1, evicted: 0, active: 1 })
  })

  it("count: 'requests' throws at construction", () => {
    expect(() => limitConn({ limit: 1, count: 'requests', onLimit: 'evict-idle' })).toThrow(
      expect.objectContaining({ code: 'ERR_LIMIT_CONN_INVALID_OPTION', option: 'options.onLimit' }),
    )
    const policy = limitConn({ limit: 1, onLimit: 'evict-idle' })
    expect(() => policy.setConfig({ count: 'requests' })).toThrow('options.onLimit')
    expect(policy.config.count).toBe('auto')
  })
})

describe('a guard and middleware on one zone', () => {
  it('middleware that evicts closes what the guard let in, also what has asked nothing yet', async () => {
    const { zone, held, connect, get, server } = await layers(
      'http',
      { limit: 3 },
      { limit: 2, onLimit: 'evict-oldest' },
    )
    const silent = await connect()
    await until('it is counted', () => zone.stats().active === 1)
    const first = await get()
    await held.arrived(1)
    const second = await get()
    await held.arrived(2)
    await silent.closed()
    expect([first.isClosed, second.isClosed]).toEqual([false, false])
    await untilConnections(server, 2)
    expect(zone.stats()).toMatchObject({ evicted: 1, active: 2, rejected: 0 })
  })

  it('a guard that evicts closes what the middleware serves', async () => {
    const { zone, held, connect, get } = await layers(
      'http',
      { limit: 1, onLimit: 'evict-idle' },
      { limit: 1 },
    )
    const first = await get()
    await held.arrived(1)
    const { res } = held.waiting[0]!
    await connect()
    await first.closed()
    await until('its handler is told', () => res.closed)
    expect(zone.stats()).toMatchObject({ evicted: 1, active: 1, peak: 1, rejected: 0 })
  })
})

it('a connection that is closed for one of its keys gives its slots of all back', async () => {
  const { held, zone, server } = await evicting({ limit: 1, key: byHeader('x-key') })
  const client = (await server.connect()).get('/', { 'x-key': 'a' })
  await held.arrived(1)
  client.get('/', { 'x-key': 'b' })
  await held.arrived(2)
  const other = (await server.connect()).get('/', { 'x-key': 'b' })
  await held.arrived(3)
  await client.closed()
  expect([zone.count('a'), zone.count('b')]).toEqual([0, 1])
  held.release()
  expect(await other.answer()).toBe(200)
})
