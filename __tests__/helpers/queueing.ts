import { limitConn, byHeader, type LimitConn, type LimitConnOptions, type Zone } from '../../lib/index.ts'
import { connect2 } from './client2.ts'
import { Held } from './held.ts'
import { hosts } from './hosts.ts'
import { serve, type Handler, type Served } from './server.ts'
import { until } from './until.ts'

/** How a server is asked: its host, and what is spoken. */
export interface Way {
  readonly host: string
  readonly tls: boolean
  readonly http2: boolean
}

export const plain: Way = { host: 'node:http', tls: false, http2: false }

/** Every host over HTTP/1, and HTTP/2; each with TLS and without. */
export const ways: readonly Way[] = [false, true].flatMap((tls) => [
  ...Object.keys(hosts).map((host) => ({ host, tls, http2: false })),
  { host: 'node:http', tls, http2: true },
])

/** A request of a client of its own. */
export interface Asking {
  /** Waits for the answer. */
  status(): Promise<number>
  closed(): Promise<void>
  readonly received: string
  readonly isClosed: boolean
  destroy(): void
}

export interface Queueing {
  readonly policy: LimitConn
  readonly zone: Zone
  readonly held: Held
  readonly server: Served
  /** Asks as a client of its own; its key is the header `x-key`, or its address. */
  readonly ask: (path: string, key?: string) => Promise<Asking>
  /** Asks for each path; each stands in line before the next one asks. */
  readonly lineUp: (paths: readonly string[], key?: string) => Promise<Asking[]>
  /** Waits until so many stand in line. */
  readonly waiting: (n: number) => Promise<void>
}

export type QueueingOptions = Partial<LimitConnOptions>

/** A policy that counts requests, with a limit of one and a queue; what is behind it may be given. */
export async function queueing(
  options: QueueingOptions = {},
  way: Way = plain,
  inner?: Handler,
): Promise<Queueing> {
  const held = new Held()
  const key = byHeader('x-key', { missing: 'address' })
  const queue = { max: 10_000, timeoutMs: 60_000 }
  const given = options.limits ? {} : { limit: 1, key }
  const policy = limitConn({
    ...given,
    count: 'requests',
    queue,
    logLevel: false,
    ...options,
  } as LimitConnOptions)
  const handler = hosts[way.host]!([policy], inner ?? held.handler)
  const server = await serve(handler, { policies: [policy], tls: way.tls, http2: way.http2 })
  const zone = policy.zones[0]!

  async function ask(path: string, own?: string): Promise<Asking> {
    const headers: Record<string, string> = own === undefined ? {} : { 'x-key': own }
    if (!way.http2) {
      const client = await server.get(path, headers)
      return Object.assign(client, { status: () => client.answer() })
    }
    const session = await connect2(server)
    return Object.assign(session.get(path, headers), { destroy: () => session.destroy() })
  }
  async function waiting(n: number): Promise<void> {
    await until(`${n} wait, not ${zone.stats().waiting}`, () => zone.stats().waiting === n)
  }
  async function lineUp(paths: readonly string[], own?: string): Promise<Asking[]> {
    const all: Asking[] = []
    for (const path of paths) {
      const { waiting: before } = zone.stats()
      all.push(await ask(path, own))
      await waiting(before + 1)
    }
    return all
  }
  return { policy, zone, held, server, ask, lineUp, waiting }
}

/** The same, its only slot taken by a held request for `/first`. */
export async function fullyQueueing(options: QueueingOptions = {}, way?: Way): Promise<Queueing> {
  const all = await queueing(options, way)
  await all.ask('/first')
  await all.held.arrived(1)
  return all
}
