import { EventEmitter } from 'node:events'
import { expect } from '@jest/globals'
import { Limiter } from '../../../lib/index.ts'
import { RedisZone } from '../../../lib/redis.ts'
import { afterServers } from '../server.ts'
import { until } from '../until.ts'
import { writtenIn } from './cells.ts'
import { clientOf, sharedPlace, type ClientKind } from './clients.ts'

export interface ZoneOfOptions {
  readonly client: ClientKind
  readonly name: string
  readonly ttlMs: number
  readonly syncMs: number
  readonly commandTimeoutMs?: number
  /** Where its client connects to. @default the server that all tests share */
  readonly url?: string
  /** Where what it writes is looked for. @default url */
  readonly server?: string
}

/** A zone as a process has it. At the end of the test it counts nothing, and has left nothing in Redis. */
export async function zoneOf(options: ZoneOfOptions): Promise<RedisZone> {
  const { client, url = sharedPlace().url, server = url, ...zoneOptions } = options
  const { name } = zoneOptions
  if (!watched.has(name)) {
    watched.add(name)
    // What is registered first comes last: all zones of the name have closed by then.
    afterServers(async () => expect(await writtenIn([server], name)).toEqual({ cells: [], instances: [] }))
  }
  const zone = new RedisZone({ ...zoneOptions, client: await clientOf(client, { url }) })
  afterServers(async () => {
    await until('nothing is counted any more', () => zone.stats().active === 0)
    await zone.close()
  })
  return zone
}

const watched = new Set<string>()

/** Something that holds a slot until it closes. */
export interface Held {
  close(): void
}

/** Takes slots of a zone under a key, for sources without a socket. */
export class Taker {
  readonly #limiter: Limiter

  constructor(zone: RedisZone, limit: number) {
    const key = (source: unknown): string => (source as { key: string }).key
    this.#limiter = new Limiter({ zone, limit, key })
  }

  /** Undefined where there is no room. */
  async take(key = 'key'): Promise<Held | undefined> {
    const source = Object.assign(new EventEmitter(), { key })
    const decision = await this.#limiter.accept(source)
    if (decision.error) throw decision.error
    return decision.passed ? { close: () => void source.emit('close') } : undefined
  }
}

/** What is counted in Redis under all keys of a zone. */
export async function countIn(server: string, name: string): Promise<number> {
  const { cells } = await writtenIn([server], name)
  return cells.reduce((sum, { count }) => sum + count, 0)
}
