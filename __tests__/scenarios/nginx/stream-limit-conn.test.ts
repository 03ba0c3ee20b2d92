import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { limitServer, Zone, type Level, type LimitServer, type ServerOptions } from '../../../lib/index.ts'
import { listen } from '../../helpers/server.ts'
import { forwarding, greet, greeting, isLetIn, knock, leave } from '../../helpers/greeting.ts'

// What nginx-tests checks in stream_limit_conn.t, told anew, and what its module does beside that: a `server` of nginx is
// a server of node:net with a guard. Where we differ on purpose the comment says what nginx does, as seen on nginx 1.22.1.

/** Puts a guard with a limit of one on a server. */
const limited =
  (over: Partial<ServerOptions>) =>
  (server: net.Server): LimitServer =>
    limitServer(server, { limit: 1, logLevel: false, ...over })

describe('limit_conn: one zone, and others', () => {
  async function servers() {
    const [zone, zone2] = ['zone', 'zone2'].map((name) => new Zone({ name }))
    const one = await greeting(limited({ zone: zone! }))
    const five = await greeting(limited({ zone: zone!, limit: 5 }))
    const other = await greeting(limited({ zone: zone2! }))
    return { zone: zone!, zone2: zone2!, one, five, other }
  }

  it('passes a connection within the limit', async () => {
    const { one } = await servers()
    expect(await isLetIn(one)).toBe(true)
  })

  it('rejects the second connection of a client, without a byte', async () => {
    const { one, zone } = await servers()
    await knock(one)
    const second = await knock(one)
    await second.closed()
    expect([second.received, second.error]).toEqual(['', undefined])
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
  })

  it('passes it where the zone is another', async () => {
    const { one, other } = await servers()
    await knock(one)
    expect(await isLetIn(other)).toBe(true)
  })

  it('holds each server to its own number on the count they share', async () => {
    const { one, five, zone } = await servers()
    await knock(one)
    for (let n = 2; n <= 5; n++) expect(await isLetIn(five)).toBe(true)
    expect([await isLetIn(five), await isLetIn(one)]).toEqual([false, false])
    expect(zone.count('127.0.0.1')).toBe(5)
  })

  it('passes again when the first has closed', async () => {
    const { one } = await servers()
    await leave(await knock(one), one)
    expect(await isLetIn(one)).toBe(true)
  })

  it('passes another client', async () => {
    const { one } = await servers()
    await knock(one)
    expect(await isLetIn(one, '127.0.0.2')).toBe(true)
  })
})

describe('a chain of proxies', () => {
  it('passes where each server counts in a zone of its own', async () => {
    const inner = await greeting(limited({}))
    const outer = await forwarding(inner, limited({}))
    expect(await isLetIn(outer)).toBe(true)
  })

  it('rejects where both count in one: a proxy is a client as well', async () => {
    const zone = new Zone({ name: 'zone' })
    const inner = await greeting(limited({ zone }))
    const outer = await forwarding(inner, limited({ zone }))
    expect(await isLetIn(outer)).toBe(false)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1 })
  })
})

// nginx logs that the value of the key is too long, and passes all of them. nginx-tests expects it to refuse each, one day.
it('a key of more than 255 bytes is limited as any other', async () => {
  const key = `$binary_remote_addr ${'a'.repeat(255)}`
  const server = await greeting(limited({ key }))
  expect([await isLetIn(server), await isLetIn(server)]).toEqual([true, false])
  expect(await isLetIn(server, '127.0.0.2')).toBe(true)
})

describe('limit_conn_log_level', () => {
  async function linesOf(logLevel?: Level): Promise<string[]> {
    const lines: string[] = []
    const methods = ['debug', 'info', 'notice', 'warn', 'error'].map((name) => [
      name,
      (line: string) => lines.push(`[${name}] ${line}`),
    ])
    const logger = Object.fromEntries(methods) as { error: (line: string) => void }
    const over = logLevel === undefined ? {} : { logLevel }
    const server = await greeting((on) =>
      limitServer(on, { limit: 1, zone: new Zone({ name: 'zone' }), logger, ...over }),
    )
    await knock(server)
    await knock(server)
    return lines.map((line) => line.replace(String(server.port), 'PORT'))
  }

  // nginx adds ` while initializing session` behind the zone, which makes its two modules tell different lines.
  it.each(['info', 'notice', 'warn', 'error'] as const)('is %s', async (level) => {
    expect(await linesOf(level)).toEqual([
      `[${level}] limiting connections by zone "zone", client: 127.0.0.1, server: 127.0.0.1:PORT`,
    ])
  })

  it('is error unless told', async () => {
    expect(await linesOf()).toEqual([expect.stringMatching(/^\[error\] limiting connections by zone/)])
  })
})

describe('several limits', () => {
  it('the first exceeded one rejects, and what was taken before it is given back', async () => {
    const [perIp, perPort] = ['perip', 'perport'].map((name) => new Zone({ name }))
    const limits = [
      { zone: perIp!, limit: 2 },
      { zone: perPort!, limit: 1, key: '$server_port' },
    ]
    const guarded = (on: net.Server): LimitServer => limitServer(on, { limits, logLevel: false })
    const [one, other] = [await greeting(guarded), await greeting(guarded)]

    expect([await isLetIn(one), await isLetIn(one), await isLetIn(other)]).toEqual([true, false, true])
    expect([perIp, perPort].map((zone) => zone!.stats().rejected)).toEqual([0, 1])
    expect(await isLetIn(one)).toBe(false)
    expect([perIp, perPort].map((zone) => zone!.stats().rejected)).toEqual([1, 1])
    expect([perIp, perPort].map((zone) => zone!.stats().active)).toEqual([2, 2])
  })
})

describe('inheritance from stream to server', () => {
  const levels = async (over: Partial<ServerOptions>) => {
    const zone = new Zone({ name: 'above' })
    const above = await greeting(limited({ zone, dryRun: true }))
    const below = await greeting((server) => above.guard.extend(server, over))
    return { zone, above, below }
  }

  it('a server without limits has those above, and their zone', async () => {
    const { zone, above, below } = await levels({ dryRun: false })
    expect(below.guard.zones).toEqual([zone])
    await knock(above)
    expect([await isLetIn(below), await isLetIn(above)]).toEqual([false, true])
  })

  it('a server with a limit has none of those above, and every other option', async () => {
    const { zone, below } = await levels({ limit: 3 })
    expect(below.guard.config).toMatchObject({ limit: 3, dryRun: true, logLevel: false })
    expect(below.guard.zones).not.toContain(zone)
  })

  it('stands on its own: to stop one leaves the other', async () => {
    const { above, below } = await levels({ dryRun: false })
    const client = await knock(above)
    above.guard.stop()
    expect(await isLetIn(below)).toBe(false)
    await leave(client, above)
  })
})

// In nginx all clients of a Unix socket have the address `unix:`, and so one count.
describe('a server on a Unix socket', () => {
  const socketPath = path.join(os.tmpdir(), `limit-conn-stream-${process.pid}.sock`)

  it('says that its clients have no address', async () => {
    const server = net.createServer(greet)
    const guard = limitServer(server, { limit: 1, logLevel: false })
    const error = new Promise<unknown>((resolve) => server.once('error', resolve))
    server.listen(socketPath)
    expect(await error).toMatchObject({ code: 'ERR_LIMIT_CONN_NO_ADDRESS', option: 'options.key' })

    guard.stop()
    await new Promise((resolve) => server.close(resolve))
  })

  it('counts them as one with a key that says so', async () => {
    const server = net.createServer(greet)
    const guard = limitServer(server, { limit: 1, key: () => 'unix:', logLevel: false })
    const served = await listen(server, { policies: [guard], guard, path: socketPath })
    const first = await served.connect()
    const second = await served.connect()
    await second.closed()
    expect([first.isClosed, guard.zones[0]!.count({ text: 'unix:' })]).toEqual([false, 1])
  })
})
