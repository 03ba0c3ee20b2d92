import { afterEach, expect } from '@jest/globals'
import type { Limiter } from '../../../lib/index.ts'
import { atOnce } from './network.ts'
import { syncMs, ttlMs, type Process } from './process.ts'
import type { SimulatedRedis } from './simulated-redis.ts'
import { useSimulatedTime, type SimulatedTime } from './time.ts'
import { World } from './world.ts'

/** How long something that has changed takes to stand in Redis, at most. */
export const pushMs = 20

/** Processes with one limit, and short names for the first two. */
export interface Scene {
  readonly world: World
  readonly time: SimulatedTime
  readonly redis: SimulatedRedis
  readonly one: Process
  readonly two: Process
  readonly here: Limiter
  readonly there: Limiter
}

/** Makes scenes. After the test all is given back, and nothing is left of it: in no process, and not in Redis. */
export function useScenes(): (count: number, limit?: number) => Promise<Scene> {
  const worlds: World[] = []
  // What is registered first comes last: the real time.
  const startTime = useSimulatedTime()
  afterEach(async () => {
    for (const world of worlds.splice(0)) await expectEmpty(world)
  })
  return async (count, limit = 2) => {
    const world = new World(startTime(), count)
    worlds.push(world)
    world.redis.load()
    // Each has told that it is there, and has its second sync behind it.
    await world.time.elapse(2 * syncMs)
    const [one, two] = world.processes as [Process, Process]
    const [here, there] = world.processes.map((each) => each.limiter({ zone: each.zone, limit }))
    return { world, time: world.time, redis: world.redis, one, two, here: here!, there: there! }
  }
}

async function expectEmpty(world: World): Promise<void> {
  const { time, redis, processes } = world
  for (const process of processes) {
    process.network.fateOf = () => atOnce
    time.goOn(process)
    for (const client of process.clients) process.close(client)
  }
  await time.elapse(ttlMs + 2 * syncMs)
  expect(processes.map(({ zone }) => zone.stats().active)).toEqual(processes.map(() => 0))
  expect(world.left).toBe(0)
  await world.closeAll()
  expect([world.left, redis.instances.size]).toEqual([0, 0])
}
