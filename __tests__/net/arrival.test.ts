import http from 'node:http'
import net, { type Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { limitServer, Zone, type LimitServerOptions } from '../../lib/index.ts'
import { Asked } from '../helpers/asked.ts'
import { connectTo } from '../helpers/client.ts'
import { exchange, exchange1 } from '../helpers/exchange.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { guarded, guardKinds, type GuardKind } from '../helpers/guarded.ts'
import { listen } from '../helpers/server.ts'
import { ok } from '../helpers/told.ts'
import { until } from '../helpers/until.ts'

const kinds = Object.keys(guardKinds) as GuardKind[]

const answers: [string, Partial<LimitServerOptions>][] = [
  ['a key', { key: () => 'k' }],
  ['a key that is promised', { key: async () => 'k' }],
  ['a limit', { limit: () => 2 }],
  ['a limit that is promised', { limit: async () => 2 }],
  ['skip', { skip: () => false }],
  ['a skip that is promised', { skip: async () => false }],
]

/** Sockets that some listener of the server has heard of. */
function heardOn(server: net.Server): unknown[] {
  const heard: unknown[] = []
  for (const event of ['connection', 'secureConnection', 'session', 'request', 'stream', 'tlsClientError'])
    server.on(event, () => heard.push(event))
  return heard
}

describe.each(kinds)('on %s', (kind) => {
  it.each(answers)('%s of the user decides', async (_, options) => {
    const served = await guarded(kind, { limit: 2, ...options })
    await exchange(kind, served)
    await exchange(kind, served)
    await closedByServer(tcp(served.port))

    expect(served.zone.stats()).toMatchObject({ passed: 2, rejected: 1, active: 2, skipped: 0 })
  })

  it('what came during a wait is there for the application, and nobody hears of it before', async () => {
    const key = new Asked<string>()
    const served = await guarded(kind, { limit: 1, key: key.ask })
    const heard = heardOn(served.server)
    const exchanged = exchange(kind, served)
    const socket = await key.arrived(1)
    await until('bytes have come', () => socket.bytesRead > 0)
    expect(heard).toEqual([])
    expect(served.zone.stats().active).toBe(0)

    key.answer('k')
    await exchanged
    expect(served.zone.stats()).toMatchObject({ passed: 1, active: 1 })
    expect(key.sockets).toHaveLength(1)
  })

  it('200 clients that leave during a wait: nobody hears of them, and nothing is counted', async () => {
    const key = new Asked<string>()
    const lines: unknown[] = []
    const logger = { info: (line: string) => lines.push(line) }
    const { server, port, zone } = await guarded(kind, {
      limit: 1,
      key: key.ask,
      logger,
      logLevel: 'info',
    })
    const heard = heardOn(server)
    const clients = Array.from({ length: 200 }, () => tcp(port))
    await key.arrived(200)
    for (const client of clients) client.resetAndDestroy()
    await until('the server has seen it', () => key.sockets.every((socket) => socket.destroyed))
    key.answer('k')
    await new Promise((resolve) => setImmediate(resolve))

    expect([heard, lines]).toEqual([[], []])
    expect(zone.stats()).toMatchObject({ passed: 0, rejected: 0, active: 0, peak: 0, keys: 0 })
  })

  it('looks again if the options change during a wait', async () => {
    const key = new Asked<string>()
    const { guard, port, server, zone } = await guarded(kind, { limit: 2, key: key.ask })
    const heard = heardOn(server)
    const clients = [tcp(port), tcp(port)]
    await key.arrived(2)
    guard.setConfig({ limit: 1 })
    key.answer('old')
    await key.arrived(4)
    expect(heard).toEqual([])

    key.answer('new')
    await until('one is closed', () => clients.some((client) => client.resume().closed))
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
    expect([zone.count('old'), zone.count('new')]).toEqual([0, 1])
  })
})

it('HTTP/1 on a server of HTTP/2 that allows it, behind a wait', async () => {
  const key = new Asked<string>()
  const served = await guarded('http2 secure', { limit: 1, key: key.ask })
  const connected = served.connect()
  const socket = await key.arrived(1)
  await until('the handshake has begun', () => socket.bytesRead > 0)
  key.answer('k')
  await exchange1(served, await connected)

  expect(served.zone.stats()).toMatchObject({ passed: 1, active: 1 })
})

describe('a FIN that came during a wait', () => {
  /** A server of TCP whose application ends its side when the client has. */
  async function halfOpen(key: Asked<string>) {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('data', (chunk) => socket.write(chunk)).on('end', () => socket.end('bye'))
    })
    const guard = limitServer(server, { limit: 1, key: key.ask, logLevel: false })
    return { guard, served: await listen(server, { policies: [guard], guard }) }
  }

  it.each(['', 'hello '])('behind %j: the application hears of it', async (text) => {
    const key = new Asked<string>()
    const { guard, served } = await halfOpen(key)
    const client = await served.connect({ allowHalfOpen: true })
    client.write(text).socket.end()
    const socket = await key.arrived(1)
    await until('the FIN has come', () => socket.readyState === 'writeOnly' || socket.readableLength > 0)
    key.answer('k')
    await until('both have ended', () => client.received === `${text}bye`)

    expect(guard.zones[0]!.stats().passed).toBe(1)
    await until('the slot is given back', () => guard.zones[0]!.stats().active === 0)
  })

  it.each([
    ['', []],
    ['GET / HTTP/1.1\r\nHo', [400]],
    ['GET / HTTP/1.1\r\nHost: test\r\n\r\n', [200]],
  ])('behind %j, on a server of HTTP: it answers %j and closes', async (text, statuses) => {
    const key = new Asked<string>()
    const server = http.createServer(ok)
    const guard = limitServer(server, { limit: 1, key: key.ask, logLevel: false })
    const served = await listen(server, { policies: [guard], guard })
    const client = await served.connect({ allowHalfOpen: true })
    client.write(text).socket.end()
    const socket = await key.arrived(1)
    await until('the FIN has come', () => socket.readyState === 'writeOnly' || socket.readableLength > 0)
    key.answer('k')
    await client.closed()

    expect(client.statuses).toEqual(statuses)
    await until('the slot is given back', () => guard.zones[0]!.stats().active === 0)
  })

  it('is told once, and not at all to an application that could hear it itself', async () => {
    const ends: string[] = []
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('end', () => (ends.push('end'), socket.end())).resume()
    })
    const guard = limitServer(server, { limit: 1, key: async () => 'k', logLevel: false })
    const { connect } = await listen(server, { policies: [guard], guard })
    const client = await connect()
    await until('it is let in', () => guard.zones[0]!.stats().active === 1)
    client.socket.end()
    await client.closed()

    expect(ends).toEqual(['end'])
  })
})

const wrongKey = 'expected a string, a finite number, a bigint, what byIp() returns, undefined or null'
const wrongLimit = 'expected a whole number >= 0, or Infinity'
const theirs = new Error('theirs')
const never = new Promise<never>(() => undefined)
const untouched = new Zone({ name: 'untouched' }).stats()
const throws = (): never => {
  throw theirs
}

describe.each(['net', 'https', 'http2 secure'] as const)('a function that fails, on %s', (kind) => {
  it.each([
    ['FUNCTION_FAILED', { key: throws }, 'options.key failed: theirs'],
    ['FUNCTION_FAILED', { key: async () => throws() }, 'options.key failed: theirs'],
    ['TIMEOUT', { key: () => never }, 'options.key gave no answer within 20 ms'],
    ['INVALID_KEY', { key: () => ({}) as string }, `options.key returned an object; ${wrongKey}`],
    ['INVALID_KEY', { key: async () => NaN as never }, `options.key returned NaN; ${wrongKey}`],
    ['FUNCTION_FAILED', { limit: throws }, 'options.limit failed: theirs'],
    ['FUNCTION_FAILED', { limit: async () => throws() }, 'options.limit failed: theirs'],
    ['TIMEOUT', { limit: () => never }, 'options.limit gave no answer within 20 ms'],
    ['INVALID_LIMIT', { limit: () => '5' as never }, `options.limit returned '5'; ${wrongLimit}`],
    ['INVALID_LIMIT', { limit: async () => -1 }, `options.limit returned -1; ${wrongLimit}`],
    ['FUNCTION_FAILED', { skip: throws }, 'options.skip failed: theirs'],
    ['FUNCTION_FAILED', { skip: async () => throws() }, 'options.skip failed: theirs'],
    ['TIMEOUT', { skip: () => never }, 'options.skip gave no answer within 20 ms'],
  ] as [string, Partial<LimitServerOptions>, string][])(
    'F58: lets nobody in, and logs %s, of %j',
    async (code, options, message) => {
      const lines: string[] = []
      const logger = { error: (line: string) => lines.push(line) }
      const { server, port, zone } = await guarded(kind, {
        limit: 1,
        timeoutMs: 20,
        logger,
        logLevel: 'error',
        ...options,
      })
      const heard = heardOn(server)
      for (const client of [tcp(port), tcp(port)]) await closedByServer(client)

      expect(heard).toEqual([])
      expect(lines).toEqual([
        `ERR_LIMIT_CONN_${code}: ${message}, client: 127.0.0.1, server: 127.0.0.1:${port}`,
      ])
      expect(zone.stats()).toEqual(untouched)
    },
  )
})

describe('skip', () => {
  it.each([
    ['a list', ['192.0.2.1', '127.0.0.0/8']],
    ['a function', ({ remoteAddress }: Socket) => remoteAddress === '127.0.0.1'],
    ['a promise', async () => true],
  ])('%s: those are let in above the limit and not counted', async (_, skip) => {
    const { connect, zone, guard, sockets } = await guarded('net', { limit: 1, skip })
    const clients = [await connect(), await connect()]
    await until('both are let in', () => sockets.size === 2)
    expect(zone.stats()).toMatchObject({ skipped: 2, passed: 0, active: 0, keys: 0 })
    expect(guard.watched).toBe(0)

    for (const client of clients) client.destroy()
    await until('both have left', () => sockets.size === 0)
  })

  it('an address that is not in the list is counted', async () => {
    const { place, zone, sockets } = await guarded('net', { limit: 1, skip: ['127.0.0.2'] })
    const skipped = await connectTo(place, { localAddress: '127.0.0.2' })
    const counted = await connectTo(place)
    await until('both are let in', () => sockets.size === 2)
    expect(zone.stats()).toMatchObject({ skipped: 1, passed: 1 })

    for (const client of [skipped, counted]) client.destroy()
    await until('both have left', () => sockets.size === 0)
  })

  it('an empty key is not counted', async () => {
    const { connect, zone, sockets } = await guarded('net', { limit: 1, key: () => undefined })
    const clients = [await connect(), await connect()]
    await until('both are let in', () => sockets.size === 2)
    expect(zone.stats()).toMatchObject({ skipped: 2, passed: 0, active: 0 })

    for (const client of clients) client.destroy()
    await until('both have left', () => sockets.size === 0)
  })
})
