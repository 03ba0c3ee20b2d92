import { createHash } from 'node:crypto'
import { Process } from './process.ts'
import { SimulatedRedis } from './simulated-redis.ts'
import type { SimulatedTime } from './time.ts'

type Options = ConstructorParameters<typeof Process>[2]

/** Some processes, and the Redis that they share. */
export class World {
  readonly time: SimulatedTime
  readonly redis: SimulatedRedis
  readonly processes: readonly Process[]

  constructor(time: SimulatedTime, count: number, options?: Options) {
    this.time = time
    this.redis = new SimulatedRedis(() => time.nowMs)
    this.processes = Array.from({ length: count }, () => new Process(this.redis, time, options))
  }

  /** What stands in Redis of one process. */
  cellOf(process: Process, key = 'a', zone = 'z'): number {
    const standing = this.redis.standing(redisKey(key, zone))
    return [...standing].reduce((sum, [id, count]) => (process.network.ids.has(id) ? sum + count : sum), 0)
  }

  /** What each process holds, and what stands in Redis of each. */
  counts(key = 'a'): { readonly held: number[]; readonly cells: number[] } {
    const held = this.processes.map((process) => process.holds(key))
    return { held, cells: this.processes.map((process) => this.cellOf(process, key)) }
  }

  /** All cells that have not lapsed. */
  get left(): number {
    return [...this.redis.cells.keys()].reduce((sum, key) => sum + this.redis.standing(key).size, 0)
  }

  async closeAll(): Promise<void> {
    for (const { zone } of this.processes) void zone.close()
    await this.time.elapse(500)
  }
}

/** Where a text has its cells: no key can be read from it. */
export function redisKey(key: string, zone = 'z'): string {
  const hash = createHash('sha256').update(`t:${key}`, 'utf16le').digest()
  return `limit-conn:${zone}:{${hash.readUInt16BE() % 128}}:${hash.toString('base64url').slice(0, 22)}`
}
