import http from 'node:http'
import net from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from '@jest/globals'
import { limitServer, type LimitServer, type LimitServerOptions } from '../../lib/index.ts'
import { connect2 } from '../helpers/client2.ts'
import { tcp } from '../helpers/tcp.ts'
import { guarded, guardKinds, makeServer, type GuardKind } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { expectEven, listen } from '../helpers/server.ts'
import { elapse, until } from '../helpers/until.ts'

const kinds = Object.keys(guardKinds) as GuardKind[]

describe.each(kinds)('a guard on a server of %s', (kind) => {
  it('counts from accept to close', async () => {
    const { zone, connect, server, guard } = await guarded(kind, { limit: 2 })
    const client = await connect()
    await until('it is counted', () => zone.count('127.0.0.1') === 1)
    await expectEven(server, guard)

    client.destroy()
    await until('the slot is given back', () => zone.stats().active === 0)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 0, peak: 1 })
  })

  it('closes what is above the limit, and no listener hears of it', async () => {
    const { zone, connect, server, port } = await guarded(kind, { limit: 1 })
    let heard = 0
    server.on('connection', () => heard++)
    server.prependListener('connection', () => heard++)
    const first = await connect()
    const second = net.connect(port, '127.0.0.1').on('error', () => undefined)
    await new Promise((resolve) => second.once('close', resolve))

    expect(heard).toBe(2)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
    first.destroy()
    await until('the slot is given back', () => zone.stats().active === 0)
    await connect()
    expect(heard).toBe(4)
  })

  it('stop() leaves the server as it was', async () => {
    const server = makeServer(kind, new Held())
    const before: unknown = Reflect.get(server, 'emit')
    const events = server.eventNames()
    const guards = [1, 2, 3].map(() => limitServer(server, { limit: 1, logLevel: false }))
    for (const index of [1, 0, 2]) guards[index]!.stop()

    expect(Reflect.get(server, 'emit')).toBe(before)
    expect(Object.hasOwn(server, 'emit')).toBe(false)
    expect(server.eventNames()).toEqual(events)
  })
})

it.each(['http2', 'http2 secure'] as const)('a session of %s is one connection', async (kind) => {
  const served = await guarded(kind, { limit: 1 })
  const session = await connect2(served)
  const streams = [1, 2, 3].map(() => session.get())
  await served.held.arrived(3)
  expect(served.zone.stats().active).toBe(1)
  served.held.release()
  expect(await Promise.all(streams.map((stream) => stream.status()))).toEqual([200, 200, 200])
})

it('answers 503 before anything is read, where a plain HTTP server is told to', async () => {
  const { held, connect } = await guarded('http', { limit: 1, reject: 'respond', retryAfter: 5 })
  await connect()
  const refused = await connect()
  refused.get()
  expect(await refused.answer()).toBe(503)
  await refused.closed()
  expect(refused.received).toMatch(/\r\nRetry-After: 5\r\n/)
  expect(refused.received).toMatch(/\r\n\r\nToo many connections, please try again later\.\n$/)
  expect(held.runs).toBe(0)
})

it.each([
  [{ limit: 1, reject: 'respond' }, 'https'],
  [{ limit: 1, reject: 'respond' }, 'net'],
  [{ limit: 1, key: '$http_a' }, 'http'],
  [{ limit: 1, key: '$remote_addr$scheme' }, 'https'],
] as [LimitServerOptions, GuardKind][])('refuses %j on %s at construction', (options, kind) => {
  const server = makeServer(kind, new Held())
  expect(() => limitServer(server, options)).toThrow(
    expect.objectContaining({ code: 'ERR_LIMIT_CONN_INVALID_OPTION' }),
  )
  expect(Object.hasOwn(server, 'emit')).toBe(false)
})

it('is refused what is no server', () => {
  expect(() => limitServer(http.createServer as never, { limit: 1 })).toThrow(
    'limitServer server is function',
  )
})

describe('a socket with bytes that wait, longer than the grace time', () => {
  const fast = { everyMs: 10, graceMs: 50 }

  it.each([
    ['was paused by its reader', (socket: net.Socket) => socket.on('data', () => undefined).pause()],
    [
      'is read in frames, of which one is not whole',
      (socket: net.Socket) => socket.on('readable', () => undefined),
    ],
  ])('stays if it %s', async (_, read) => {
    const server = net.createServer(read)
    const guard = limitServer(server, { limit: 1, logLevel: false, sweep: fast })
    const { connect } = await listen(server, { policies: [guard], guard })
    const client = await connect()
    client.write('x'.repeat(100))
    await elapse(300)

    expect(client.isClosed).toBe(false)
    expect(guard.zones[0]!.stats().active).toBe(1)
  })

  it('is closed if nobody has begun to read it', async () => {
    const server = net.createServer(() => undefined)
    const guard = limitServer(server, { limit: 1, logLevel: false, sweep: fast })
    const { connect } = await listen(server, { policies: [guard], guard })
    const client = await connect()
    client.write('x'.repeat(100))

    await client.closed()
    await until('the slot is given back', () => guard.zones[0]!.stats().active === 0)
  })
})

it('a guard that is put up while a client is in its TLS handshake counts it from the end of that', async () => {
  const server = makeServer('tls', new Held())
  const { port, sockets } = await listen(server, { policies: [] })
  const raw = tcp(port)
  await until('it is accepted', () => sockets.size === 1)
  const guard = limitServer(server, { limit: 1, logLevel: false })
  expect(guard.zones[0]!.stats().active).toBe(0)

  tls.connect({ socket: raw, rejectUnauthorized: false }).on('error', () => undefined)
  await until('it is counted', () => guard.zones[0]!.stats().active === 1)
  raw.end()
  await until('the slot is given back', () => guard.zones[0]!.stats().active === 0)
})

it('what is left of a connection that the kernel has closed is not cut while it is read', async () => {
  const size = 100_000
  let got = 0
  const server = net.createServer({ allowHalfOpen: true }, (socket) => void readSlowly(socket.end()))
  const guard = limitServer(server, { limit: 1, logLevel: false, sweep: { everyMs: 500 } })
  const { connect, sockets } = await listen(server, { policies: [guard], guard })

  /** Begins when the sweep has given the slot back, and is not done before it has looked again. */
  async function readSlowly(socket: net.Socket): Promise<void> {
    socket.on('readable', () => undefined)
    await until('the kernel has closed it', () => guard.zones[0]!.stats().passed === 1 && isFree(guard))
    while (!socket.destroyed) {
      got += ((socket.read(2_000) ?? socket.read()) as Buffer | null)?.length ?? 0
      await elapse(30)
    }
  }

  const client = await connect({ allowHalfOpen: true })
  client.socket.end(Buffer.alloc(size))
  await until('the server has closed', () => sockets.size === 0 && client.isClosed, 20_000)
  expect(got).toBe(size)
})

function isFree({ zones }: LimitServer): boolean {
  return zones[0]!.stats().active === 0
}
