import net from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { limitServer, Zone, type LimitServerOptions } from '../../../lib/index.ts'
import { connect2 } from '../../helpers/client2.ts'
import { guarded } from '../../helpers/guarded.ts'
import { listen } from '../../helpers/server.ts'
import { greet, greeting, isLetIn, knock, leave } from '../../helpers/greeting.ts'
import { until } from '../../helpers/until.ts'

// What go-connlimit checks in listener_test.go, told anew: its listener is a server here, with `limitServer` on it. Where
// we differ on purpose the comment says what go-connlimit does, by its source.

describe('NewListener', () => {
  it('closes what is above the limit once it is accepted, without a byte', async () => {
    const server = await greeting((on) => limitServer(on, { limit: 2, logLevel: false }))
    expect([await isLetIn(server), await isLetIn(server)]).toEqual([true, true])
    const third = await knock(server)
    await third.closed()
    expect([third.received, third.error]).toEqual(['', undefined])
  })

  // In Go it is two, unless WithLimiter says otherwise.
  it('has no limit that nobody has chosen', () => {
    const nothing = {} as LimitServerOptions
    expect(() => limitServer(net.createServer(), nothing)).toThrow(
      expect.objectContaining({ code: 'ERR_LIMIT_CONN_MISSING_LIMIT' }),
    )
  })

  // In Go Accept returns an error then, and a server gives up unless WithLimitError makes it a temporary one.
  it('goes on after a refusal: the server hears nothing of it', async () => {
    const heard: string[] = []
    const server = await greeting((on) => {
      for (const event of ['error', 'connection', 'close', 'drop']) on.on(event, () => heard.push(event))
      return limitServer(on, { limit: 1, logLevel: false })
    })
    const first = await knock(server)
    for (let n = 1; n <= 3; n++) expect(await isLetIn(server)).toBe(false)

    await leave(first, server)
    expect(await isLetIn(server)).toBe(true)
    expect(heard).toEqual(['connection', 'connection'])
  })
})

describe('options of a listener', () => {
  it('WithLimiter: two listeners with one limiter count together', async () => {
    const first = await greeting((on) => limitServer(on, { limit: 2, logLevel: false }))
    const second = await greeting((on) => first.guard.extend(on))
    await knock(first)
    expect([await isLetIn(second), await isLetIn(second), await isLetIn(first)]).toEqual([true, false, false])
    expect(first.guard.zones[0]!.count('127.0.0.1')).toBe(2)
  })

  it('WithLimiter: SetConfig of one listener is not that of the other, though the count is', async () => {
    const zone = new Zone({ name: 'both' })
    const guardOf = (on: net.Server) => limitServer(on, { limit: 1, zone, logLevel: false })
    const [first, second] = [await greeting(guardOf), await greeting(guardOf)]
    second.guard.setConfig({ limit: 2 })
    await knock(first)
    expect([await isLetIn(first), await isLetIn(second), await isLetIn(second)]).toEqual([false, true, false])
  })

  it('WithRawListener: a server that listens already; who came before is not counted', async () => {
    const server = net.createServer(greet)
    const served = await listen(server, { policies: [] })
    const before = await knock(served)
    const guard = limitServer(server, { limit: 1, logLevel: false })

    expect([await isLetIn(served), await isLetIn(served)]).toEqual([true, false])
    expect([before.isClosed, guard.zones[0]!.stats().active]).toEqual([false, 1])
  })

  // In Go a list of addresses to pass is asked by hand, before Accept.
  it('skip: addresses that are not counted', async () => {
    const server = net.createServer(greet)
    const served = await listen(server, { policies: [] })
    const guard = limitServer(server, { limit: 1, skip: ['127.0.0.2', '127.1.0.0/16'], logLevel: false })

    for (const from of ['127.0.0.2', '127.0.0.2', '127.1.2.3', '127.1.2.3', '127.0.0.1'])
      expect(await isLetIn(served, from)).toBe(true)
    expect([await isLetIn(served), await isLetIn(served, '127.2.0.1')]).toEqual([false, true])
    expect(guard.zones[0]!.stats()).toMatchObject({ skipped: 4, passed: 2, rejected: 1, active: 2 })
  })
})

// In go-connlimit's test this is a gRPC server.
describe.each(['http2', 'http2 secure'] as const)('a server of sessions that stay open: %s', (kind) => {
  it('closes the third session, and the first two go on', async () => {
    const served = await guarded(kind, { limit: 2 })
    const { held, zone, server } = served
    const sessions = [await connect2(served), await connect2(served)]
    const third = net.connect(served.port, '127.0.0.1').on('error', () => undefined)
    await new Promise((resolve) => third.once('close', resolve))

    for (const session of sessions) {
      const streams = [session.get('/1'), session.get('/2')]
      await held.arrived(2)
      held.release()
      expect(await Promise.all(streams.map((stream) => stream.status()))).toEqual([200, 200])
    }
    expect(zone.stats()).toMatchObject({ passed: 2, rejected: 1, active: 2 })

    sessions[1]!.destroy()
    await until('its slot is given back', () => zone.stats().active === 1)
    const fourth = await connect2(served)
    const stream = fourth.get('/')
    await held.arrived(1)
    held.release()
    expect([await stream.status(), server.listening]).toEqual([200, true])
  })
})

it.each(['http', 'https'] as const)(
  'a server of %s: connections that have asked nothing hold their slots',
  async (kind) => {
    const { connect, held, zone, port } = await guarded(kind, { limit: 2 })
    const first = await connect()
    await connect()
    const third = net.connect(port, '127.0.0.1').on('error', () => undefined)
    await new Promise((resolve) => third.once('close', resolve))
    expect([zone.stats().active, held.runs]).toEqual([2, 0])

    first.get()
    await held.arrived(1)
    held.release()
    expect(await first.answer()).toBe(200)
  },
)
