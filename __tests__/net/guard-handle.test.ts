import http from 'node:http'
import net, { type Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { byIp, limitServer, Zone } from '../../lib/index.ts'
import { Asked } from '../helpers/asked.ts'
import { orders } from '../helpers/orders.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { guarded, makeServer } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { connectionsOf, listen } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const emitOf = (server: net.Server): unknown => Reflect.get(server, 'emit')

describe('the handle of a guard', () => {
  it('config has what is in force, defaults filled in, frozen', () => {
    const zone = new Zone({ name: 'z' })
    const key = byIp()
    const guard = limitServer(net.createServer(), { limit: 5, key, zone, logLevel: 'warn' })

    expect(guard.config).toEqual({
      limit: 5,
      key,
      zone,
      dryRun: false,
      onLimit: 'reject',
      maxLifetimeMs: false,
      maxIdleMs: false,
      timeoutMs: 1_000,
      maxKeysPerConnection: 16,
      logLevel: 'warn',
      logger: console,
      statusCode: 503,
      message: 'Too many connections, please try again later.\n',
      retryAfter: false,
      warnings: true,
      skip: [],
      reject: 'destroy',
      keepAliveMs: 30_000,
      proxyProtocol: false,
      sweep: { everyMs: 5_000, graceMs: 30_000 },
    })
    expect(Object.isFrozen(guard.config)).toBe(true)
    expect(guard.zones).toEqual([zone])
    expect(Object.keys(guard).toSorted()).toEqual([
      'config',
      'dropped',
      'extend',
      'proxyHeaders',
      'stop',
      'zones',
    ])
    guard.stop()
  })

  it('setConfig obeys at once, keeps what is open, and changes nothing if it is refused', async () => {
    const { guard, port, zone, sockets } = await guarded('net', { limit: 2 })
    for (let n = 1; n <= 2; n++) tcp(port)
    await until('both are counted', () => zone.stats().active === 2)

    guard.setConfig({ limit: 1 })
    await closedByServer(tcp(port))
    expect(sockets.size).toBe(2)
    expect(zone.stats()).toMatchObject({ passed: 2, rejected: 1, active: 2 })

    const before = guard.config
    expect(() => guard.setConfig({ limit: 9, reject: 'respond' })).toThrow('options.reject is "respond"')
    expect(() => guard.setConfig({ limit: 9, key: '$http_a' })).toThrow('options.key is "$http_a"')
    expect(guard.config).toBe(before)
    await closedByServer(tcp(port))

    guard.setConfig({ limit: 3 })
    expect(guard.zones[0]).toBe(zone)
    tcp(port)
    await until('it is counted', () => zone.stats().active === 3)
  })

  it('extend guards another server: it has the limits, zones included, and what it says itself', async () => {
    const { guard, port, zone } = await guarded('net', { limit: 1, skip: ['192.0.2.1'], retryAfter: 5 })
    const server = makeServer('http', new Held())
    const other = guard.extend(server, { reject: 'respond' })
    const served = await listen(server, { policies: [other] })
    expect(other.zones).toEqual([zone])
    expect(other.config).toMatchObject({ limit: 1, skip: ['192.0.2.1'], retryAfter: 5, reject: 'respond' })
    expect(guard.config.reject).toBe('destroy')

    tcp(port)
    await until('it is counted', () => zone.stats().active === 1)
    const refused = await served.get()
    expect(await refused.answer()).toBe(503)
    await refused.closed()
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
  })

  it('extend with limits of its own, and none', async () => {
    const { guard, zone } = await guarded('net', { limit: 1, keepAliveMs: 5_000 })
    const [alike, other] = [guard.extend(net.createServer()), guard.extend(net.createServer(), { limit: 7 })]
    expect(alike.config).toEqual(guard.config)
    expect(other.config).toMatchObject({ limit: 7, keepAliveMs: 5_000 })
    expect(other.zones).not.toContain(zone)
    expect(() => guard.extend(http.createServer as never)).toThrow('limitServer server is function')
    expect(() => guard.extend(net.createServer(), { reject: 'respond' })).toThrow('options.reject')
  })
})

describe('stop()', () => {
  it('what is open stays counted until it closes; what comes after is not counted', async () => {
    const { guard, port, zone, server, sockets } = await guarded('net', { limit: 1 })
    const first = tcp(port)
    await until('it is counted', () => zone.stats().active === 1)
    guard.stop()
    const second = tcp(port)
    await until('both are let in', () => sockets.size === 2)
    expect(zone.stats()).toMatchObject({ passed: 1, active: 1 })

    first.destroy()
    await until('the slot is given back', () => zone.stats().active === 0)
    expect(await connectionsOf(server)).toBe(1)
    second.destroy()
    await until('both have left', () => sockets.size === 0)
  })

  it('the sweep goes on for what is open', async () => {
    const sweep = { everyMs: 10, graceMs: 50 }
    const { guard, port, zone, sockets } = await guarded('net', { limit: 1, sweep })
    const client = tcp(port)
    await until('it is let in', () => sockets.size === 1)
    guard.stop()
    const [socket] = sockets
    socket!.removeAllListeners('close')
    client.resetAndDestroy()

    await until('the sweep has given it back', () => zone.stats().active === 0)
    expect(guard.watched).toBe(0)
    ;(sockets as Set<Socket>).delete(socket!)
  })

  it('what waits is decided on, and let in or refused', async () => {
    const key = new Asked<string>()
    const { guard, port, zone, sockets } = await guarded('net', { limit: 1, key: key.ask })
    const clients = [tcp(port), tcp(port)]
    await key.arrived(2)
    guard.stop()
    key.answer('k')

    await until('one is closed', () => clients.some((client) => client.resume().closed))
    expect(sockets.size).toBe(1)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
  })

  it.each(orders)(
    'of several guards on one server in the order %d, %d, %d: the others go on',
    async (...order) => {
      const server = net.createServer((socket) => socket.on('error', () => undefined))
      const before = emitOf(server)
      const guards = [4, 3, 2].map((limit) => limitServer(server, { limit, logLevel: false }))
      const { port, sockets } = await listen(server, { policies: guards })
      const stopped = new Set<number>()

      for (const index of order) {
        const room = Math.min(
          ...guards.filter((_, n) => !stopped.has(n)).map(({ config }) => config.limit as number),
        )
        const clients = Array.from({ length: room }, () => tcp(port))
        await until('as many are let in as have room everywhere', () => sockets.size === room)
        await closedByServer(tcp(port))

        for (const client of clients) client.destroy()
        await until('all have left', () => sockets.size === 0)
        guards[index]!.stop()
        stopped.add(index)
      }
      expect(emitOf(server)).toBe(before)
      expect(Object.hasOwn(server, 'emit')).toBe(false)
    },
  )
})

describe('somebody else around emit', () => {
  it('outside: hears of each socket, refused ones too; inside: of none that is refused', async () => {
    const heard = { inside: 0, outside: 0 }
    const server = net.createServer((socket) => socket.on('error', () => undefined))
    function wrap(where: keyof typeof heard): void {
      const below = emitOf(server) as (...args: unknown[]) => boolean
      Object.assign(server, {
        emit(...args: unknown[]) {
          if (args[0] === 'connection') heard[where]++
          return Reflect.apply(below, server, args)
        },
      })
    }
    wrap('inside')
    const guard = limitServer(server, { limit: 1, logLevel: false })
    wrap('outside')
    const { port } = await listen(server, { policies: [guard] })
    tcp(port)
    await until('it is counted', () => guard.zones[0]!.stats().active === 1)
    await closedByServer(tcp(port))

    expect(heard).toEqual({ inside: 1, outside: 2 })
    const theirs = emitOf(server)
    guard.stop()
    expect(emitOf(server)).toBe(theirs)
    tcp(port)
    tcp(port)
    await until('nobody is refused', () => heard.inside === 3)
    expect(guard.zones[0]!.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
  })
})

describe('A-27, N32: maxConnections', () => {
  it.each(['net', 'tls', 'http', 'https', 'http2', 'http2 secure'] as const)(
    'on %s: what the server drops is told apart, and counted nowhere',
    async (kind) => {
      const { guard, port, server, zone } = await guarded(kind, { limit: 3 })
      server.maxConnections = 2
      const drops: unknown[] = []
      server.on('drop', (data) => drops.push(data?.remoteAddress))
      const clients = [tcp(port), tcp(port)]
      await until('both are counted', () => zone.stats().active === 2)
      for (let n = 0; n < 5; n++) await closedByServer(tcp(port))

      expect(guard.dropped).toBe(5)
      expect(drops).toEqual(Array(5).fill('127.0.0.1'))
      expect(zone.stats()).toMatchObject({ passed: 2, rejected: 0, active: 2, peak: 2 })

      clients[0]!.destroy()
      await until('the slot is given back', () => zone.stats().active === 1)
      tcp(port)
      await until('it is counted', () => zone.stats().active === 2)
    },
  )

  it('what the guard refuses makes no drop', async () => {
    const { guard, port, server, zone } = await guarded('net', { limit: 1 })
    server.maxConnections = 2
    tcp(port)
    await until('it is counted', () => zone.stats().active === 1)
    for (let n = 0; n < 5; n++) await closedByServer(tcp(port))

    expect([guard.dropped, zone.stats().rejected]).toEqual([0, 5])
  })
})
