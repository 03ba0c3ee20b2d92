import net from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from '@jest/globals'
import { byHeader, byIp, Limiter, limitServer, Zone, type LimitConnOptions } from '../../lib/index.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { layers } from '../helpers/layers.ts'
import { expectEven, listen, readTls } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const secure = { key: readTls('key.pem'), cert: readTls('cert.pem') }

describe.each(['http', 'https', 'http2 secure'] as const)('A-07: on %s, HTTP/1', (kind) => {
  it('one connection with one key is one slot, and counts once for each policy', async () => {
    const { zone, get, held, policy, guard, server } = await layers(kind, { limit: 2 }, { limit: 2 })
    const clients = [await get(), await get()]
    await held.arrived(2)
    expect(zone.stats()).toMatchObject({ passed: 4, rejected: 0, active: 2, peak: 2 })
    expect(held.waiting.map(({ req }) => req.limitConn?.status)).toEqual(['PASSED', 'PASSED'])
    expect(policy.zones).toEqual(guard.zones)
    await expectEven(server, guard)

    for (let n = 2; n <= 5; n++) {
      held.release()
      await clients[0]!.answer(n - 1)
      clients[0]!.get()
      await held.arrived(1)
    }
    expect(zone.stats()).toMatchObject({ passed: 4, active: 2, peak: 2 })
  })

  it('F34: the slot ends with the connection, not with the request', async () => {
    const { zone, get, held } = await layers(kind, { limit: 1 }, { limit: 1 })
    const client = await get()
    await held.arrived(1)
    held.release()
    await client.answer()
    expect(zone.stats().active).toBe(1)

    client.destroy()
    await until('the slot is given back', () => zone.stats().active === 0)
    await get()
    await held.arrived(1)
    expect(zone.stats()).toMatchObject({ passed: 4, rejected: 0, peak: 1 })
  })

  it('another key takes its own slot, and the one of the guard never moves', async () => {
    const { zone, connect, held } = await layers(
      kind,
      { limit: 3 },
      { limit: 1, key: byHeader('x-api-key', { missing: 'address' }) },
    )
    const client = await connect()
    for (const [n, key] of ['a', 'b', '127.0.0.1', 'c'].entries()) {
      client.get('/', { 'x-api-key': key })
      await held.arrived(1)
      expect([zone.count({ text: key }), zone.count('127.0.0.1')]).toEqual([1, 1])
      expect(zone.stats().active).toBe(2)
      held.release()
      await client.answer(n + 1)
    }

    client.get()
    await held.arrived(1)
    expect(zone.stats()).toMatchObject({ active: 1, keys: 1 })
    expect(zone.count('127.0.0.1')).toBe(1)
  })

  it('decoy keys make no room at the guard', async () => {
    const { zone, get, held, port } = await layers(
      kind,
      { limit: 2 },
      { limit: 1, key: byHeader('x-api-key') },
    )
    await get('/', { 'x-api-key': 'a' })
    await get('/', { 'x-api-key': 'b' })
    await held.arrived(2)
    held.release()
    expect(zone.stats().active).toBe(4)

    await closedByServer(tcp(port))
    expect(zone.stats()).toMatchObject({ rejected: 1, active: 4 })
  })

  it('a lower limit of the middleware refuses what the guard let in, own slot included', async () => {
    const { zone, get, held } = await layers(kind, { limit: 3 }, { limit: 2 })
    await get()
    await get()
    await held.arrived(2)
    const refused = await get()
    expect(await refused.answer()).toBe(503)
    await refused.closed()

    expect(zone.stats()).toMatchObject({ passed: 5, rejected: 1, peak: 3 })
    await until('its slot is given back', () => zone.stats().active === 2)
    expect(held.runs).toBe(2)
  })

  it('requests take slots of their own beside that of the guard, and one warning says so', async () => {
    const lines: string[] = []
    const logger = { warn: (line: string) => lines.push(line) }
    const options = { limit: 5, count: 'requests', logLevel: 'warn', logger } as const
    const { zone, get, held } = await layers(kind, { limit: 5 }, options)
    const clients = [await get(), await get()]
    await held.arrived(2)
    expect(zone.stats()).toMatchObject({ passed: 4, active: 4 })

    held.release()
    for (const client of clients) await client.answer()
    await until('the requests are given back', () => zone.stats().active === 2)
    const text =
      'zone "both" counts a connection and each of its requests beside it; give the guard a zone of its own'
    expect(lines).toEqual([`WRN_LIMIT_CONN_MIXED_ZONE: ${text} (to silence: warnings: { mixedZone: false })`])
  })

  it.each<[string, Partial<LimitConnOptions>]>([
    ['where it is silenced', { warnings: { mixedZone: false } }],
    ['with a zone of its own', { zone: new Zone({ name: 'own' }) }],
  ])('no such warning %s', async (_, options) => {
    const lines: string[] = []
    const logger = { warn: (line: string) => lines.push(line) }
    const { get, held } = await layers(
      kind,
      { limit: 5 },
      { limit: 5, count: 'requests', logLevel: 'warn', logger, ...options },
    )
    await get()
    await held.arrived(1)
    expect(lines).toEqual([])
  })

  it('lowered limits: what is open stays, and the next connection is refused by the guard', async () => {
    const { zone, get, held, guard, policy, port } = await layers(kind, { limit: 3 }, { limit: 3 })
    const client = await get()
    await get()
    await held.arrived(2)
    guard.setConfig({ limit: 1 })
    policy.setConfig({ limit: 1 })
    held.release()
    await client.answer()
    client.get()
    await held.arrived(1)

    await closedByServer(tcp(port))
    expect(zone.stats()).toMatchObject({ passed: 4, rejected: 1, active: 2 })
  })
})

describe('a guard and Limiter.accept on one zone', () => {
  it('on the raw socket: one slot, also if the lease is released', async () => {
    const zone = new Zone({ name: 'both' })
    const limiter = new Limiter({ limit: 2, zone })
    const decisions: unknown[] = []
    const server = net.createServer((socket) => {
      const decision = limiter.accept(socket)
      decisions.push([decision.status, decision.active])
      decision.lease?.release()
    })
    const guard = limitServer(server, { limit: 2, zone, logLevel: false })
    const { port } = await listen(server, { policies: [guard], guard })
    tcp(port)
    await until('it is accepted', () => decisions.length === 1)
    tcp(port)
    await until('it is accepted', () => decisions.length === 2)
    await closedByServer(tcp(port))

    expect(decisions).toEqual([
      ['PASSED', 1],
      ['PASSED', 2],
    ])
    expect(zone.stats()).toMatchObject({ passed: 4, rejected: 1, active: 2 })
  })

  it('on the raw socket and on the TLSSocket: one slot', async () => {
    const zone = new Zone({ name: 'both' })
    const limiter = new Limiter({ limit: 1, zone })
    const statuses: unknown[] = []
    const server = tls.createServer(secure)
    const guard = limitServer(server, { limit: 2, zone, logLevel: false })
    for (const event of ['connection', 'secureConnection'])
      server.on(event, (socket: net.Socket) => statuses.push(limiter.accept(socket).status))
    const { connect } = await listen(server, { policies: [guard], guard, tls: true })
    const client = await connect()
    await until('both are accepted', () => statuses.length === 2)
    expect(statuses).toEqual(['PASSED', 'PASSED'])
    expect(zone.stats()).toMatchObject({ passed: 2, active: 1 })

    client.reset()
    await until('the slot is given back', () => zone.stats().active === 0)
  })

  it('a lower limit of the Limiter refuses, its own slot included', async () => {
    const zone = new Zone({ name: 'both' })
    const limiter = new Limiter({ limit: 1, zone })
    const server = net.createServer((socket) => void (limiter.accept(socket).passed || socket.destroy()))
    const guard = limitServer(server, { limit: 5, zone, logLevel: false })
    const { port } = await listen(server, { policies: [guard], guard })
    tcp(port)
    await until('it is counted', () => zone.stats().passed === 2)
    await closedByServer(tcp(port))

    expect(zone.stats()).toMatchObject({ passed: 3, rejected: 1, active: 1 })
  })
})

it('under TLS the key of the guard and that of the middleware meet in the same address', async () => {
  const { zone, get, held } = await layers(
    'https',
    { limit: 1, key: byIp() },
    { limit: 1, key: '$remote_addr' },
  )
  await get()
  await held.arrived(1)
  expect(zone.stats()).toMatchObject({ passed: 2, active: 1, keys: 1 })
})
