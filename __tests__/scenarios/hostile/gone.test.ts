import diagnostics from 'node:diagnostics_channel'
import net, { type Server, type Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import {
  byIp,
  limitConn,
  limitServer,
  Zone,
  type LimitServer,
  type LimitServerOptions,
} from '../../../lib/index.ts'
import { makeServer, type GuardKind } from '../../helpers/guarded.ts'
import { Held } from '../../helpers/held.ts'
import { bare } from '../../helpers/hosts.ts'
import { Resetting } from '../../helpers/resetting.ts'
import { listen, type ListenOptions } from '../../helpers/server.ts'
import { nextTurn, until } from '../../helpers/until.ts'

const request = 'GET / HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n'

describe.each(['net', 'tls', 'http', 'https', 'http2'] as const)('a guard on a server of %s', (kind) => {
  it.each([
    ['a whole request', request, {}],
    ['nothing', '', {}],
    ['a whole request', request, { key: () => 'everybody' }],
  ])('A-04: 1,000 that sent %s and left are not let in, and make no key, %#', async (_, bytes, options) => {
    const { server, zone, held, guard, policies, lines } = withMiddleware(kind, options)
    const heard: string[] = []
    const served = await listen(server, { policies, guard })
    for (const event of ['connection', 'secureConnection', 'session', 'request'])
      server.on(event, () => heard.push(event))
    const accepted = countAccepted()
    const clients = new Resetting(served.port, bytes)
    await clients.ready()

    for (let wave = 1; wave <= 10; wave++) {
      clients.wave(100)
      await until('the wave is accepted', () => accepted.count === wave * 100)
    }
    await clients.stop()
    accepted.stop()

    expect([heard, lines, held.runs]).toEqual([[], [], 0])
    expect(zone.stats()).toMatchObject({ passed: 0, rejected: 0, skipped: 0, keys: 0, peak: 0 })
    expect(zone.top()).toEqual([])
  })
})

/** Counts what this process accepts, also what a guard keeps from the listeners. */
function countAccepted(): { count: number; stop(): void } {
  const accepted = { count: 0, stop: () => diagnostics.unsubscribe('net.server.socket', onSocket) }
  function onSocket(): void {
    accepted.count++
  }
  diagnostics.subscribe('net.server.socket', onSocket)
  return accepted
}

interface Guarded extends Pick<ListenOptions, 'policies'> {
  readonly server: Server
  readonly zone: Zone
  readonly held: Held
  readonly guard: LimitServer
  /** What was logged. */
  readonly lines: readonly string[]
}

/** A guard, and a middleware that believes X-Forwarded-For, on one zone. */
function withMiddleware(kind: GuardKind, options: Partial<LimitServerOptions>): Guarded {
  const zone = new Zone({ name: 'gone' })
  const lines: string[] = []
  const log = (line: string): unknown => lines.push(line)
  const logger = { info: log, warn: log, error: log }
  const common = { zone, limit: 5, logLevel: 'info', logger } as const
  const policy = limitConn({ ...common, key: byIp({ trustProxy: ['loopback'] }) })

  const held = new Held()
  const behind = Object.assign(new Held(), { handler: bare([policy], held.handler) })
  const server = makeServer(kind, behind)
  const guard = limitServer(server, { ...common, ...options })
  return { server, zone, held, guard, lines, policies: [guard, policy] }
}

type Destroy = (server: Server) => void
const destroy = (socket: Socket): unknown => socket.destroy()

/** Stands around what an emitter does until then, as a layer of somebody else. */
function around(server: Server): void {
  const emit = server.emit.bind(server) as (event: string, ...args: unknown[]) => boolean
  server.emit = (event: string, ...args: unknown[]) => {
    if (event === 'connection') destroy(args[0] as Socket)
    return emit(event, ...args)
  }
}

const others: Record<string, { readonly before?: Destroy; readonly after?: Destroy }> = {
  'a listener from before the guard': { before: (server) => server.prependListener('connection', destroy) },
  'a listener that came after it': { after: (server) => server.on('connection', destroy) },
  'a listener that came first': { after: (server) => server.prependListener('connection', destroy) },
  'a layer below the guard': { before: around },
  'a layer around the guard': { after: around },
}

describe.each(['net', 'http', 'https'] as const)('A-14: 1,000 connections of a server of %s', (kind) => {
  it.each(Object.keys(others))('that %s destroys at once leave nothing counted', async (name) => {
    const { before, after } = others[name]!
    const server = makeServer(kind, new Held())
    before?.(server)
    const guard = limitServer(server, { limit: 10, logLevel: false })
    after?.(server)
    const served = await listen(server, { policies: [guard], guard })

    for (let wave = 0; wave < 20; wave++)
      await Promise.all(Array.from({ length: 50 }, () => come(served.port)))
    expect(guard.zones[0]!.stats()).toMatchObject({ active: 0, keys: 0 })
    expect(guard.watched).toBe(0)
  })

  it.each([
    ['at once', (socket: Socket) => (destroy(socket), 10)],
    ['while it is waited for', async (socket: Socket) => (await nextTurn(), destroy(socket), 10)],
  ])('that a function of the options destroys %s are not let in', async (_, limit) => {
    const server = makeServer(kind, new Held())
    const guard = limitServer(server, { limit, logLevel: false })
    let heard = 0
    server.on('connection', () => heard++)
    const served = await listen(server, { policies: [guard], guard })

    for (let wave = 0; wave < 20; wave++)
      await Promise.all(Array.from({ length: 50 }, () => come(served.port)))
    expect(heard).toBe(0)
    expect(guard.zones[0]!.stats()).toMatchObject({ passed: 0, rejected: 0, active: 0, keys: 0, peak: 0 })
  })
})

/** Connects, asks, and waits for its end. */
async function come(port: number): Promise<void> {
  const socket = net.connect(port, '127.0.0.1').on('error', () => undefined)
  socket.write(request)
  socket.resume()
  await new Promise((resolve) => socket.once('close', resolve))
}
