import { ok } from 'node:assert/strict'
import type { Client, Process } from './process.ts'
import { redisKey, type World } from './world.ts'

/** How long others are believed to hold what they held, and the time of an answer. */
const believedMs = 100 + 15

interface Moment {
  readonly atMs: number
  readonly cells: ReadonlyMap<string, number>
}

/** What stood in Redis, and when. */
export class History {
  readonly #world: World
  readonly #moments = new Map<string, Moment[]>()

  constructor(world: World, keys: readonly string[]) {
    this.#world = world
    for (const key of keys) this.#moments.set(key, [{ atMs: -Infinity, cells: new Map() }])
  }

  note(): void {
    const { redis, time } = this.#world
    for (const [key, moments] of this.#moments)
      moments.push({ atMs: time.nowMs, cells: redis.standing(redisKey(key)) })
  }

  /** There was no room when Redis was asked, or none by what was known from a moment before. */
  checkRefusal({ key, askedMs }: Client, { process, limit }: { process: Process; limit: number }): void {
    const moments = this.#moments.get(key)!
    const since = moments.findLastIndex(({ atMs }) => atMs < askedMs - believedMs)
    let [own, others] = [process.holds(key), 0]
    for (const { cells } of moments.slice(Math.max(0, since))) {
      let sum = 0
      for (const [id, count] of cells) {
        if (process.network.ids.has(id)) own = Math.max(own, count)
        else sum += count
      }
      others = Math.max(others, sum)
    }
    ok(own + others >= limit, `refused with ${own} of its own and ${others} of others, of ${limit}`)
  }
}
