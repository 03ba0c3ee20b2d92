import { randomUUID } from 'node:crypto'
import { expect } from '@jest/globals'
import { writtenIn } from '../redis/cells.ts'
import { Crew, type CrewOptions, type Worker } from '../redis/crew.ts'
import { sharedPlace, type ClientKind } from '../redis/clients.ts'
import { later } from '../redis/server.ts'
import { nowMs } from '../redis/truth.ts'
import { say } from '../say.ts'

/** How long, and how often, a fault is played. */
export interface Stage {
  readonly client: ClientKind
  readonly ttlMs: number
  readonly syncMs: number
  readonly rounds: number
  /** How long one looks on, when all is over, for who still comes in. */
  readonly watchMs: number
  /** Each process is told how many there are; else it finds out, within a sync. */
  readonly knowsSize: boolean
  /** Says what was measured. */
  readonly tells: boolean
}

/** What comes within `npm test`: quick. */
export const short = (client: ClientKind): Stage => ({
  client,
  ttlMs: 1_500,
  syncMs: 400,
  rounds: 1,
  watchMs: 1_000,
  knowsSize: true,
  tells: 'LIMIT_CONN_TELLS' in process.env,
})

/** What `npm run test:faults` plays. */
export const whole = (client: ClientKind): Stage => ({
  client,
  ttlMs: 3_000,
  syncMs: 1_000,
  rounds: 3,
  watchMs: 4_000,
  knowsSize: false,
  tells: true,
})

export const limit = 20

/** What a busy machine may take for a thing that takes no time, in milliseconds. D2 has it too. */
export const slackMs = 1_000

/** How long a client takes at most to be back, and the zone to try it again: both wait for half a second. */
export const backMs = 1_000

/** Where Redis is well, a busy machine is no reason to decide without it. */
export const patient = { commandTimeoutMs: 5_000 } as const

/** A name that no other zone has. */
export function zoneName(): string {
  return `faults-${randomUUID()}`
}

/** Processes that share a zone which no other test has. */
export async function crewOf(
  { client, ttlMs, syncMs, knowsSize }: Stage,
  over: Partial<Omit<CrewOptions, 'zone'>> & { readonly zone?: object } = {},
): Promise<Crew> {
  const { size = 4 } = over
  const instances = knowsSize && size > 0 ? { instances: size } : {}
  const zone = { name: zoneName(), ttlMs, syncMs, ...instances, ...over.zone }
  const crew = await Crew.start({ place: sharedPlace(), client, limit, ...over, zone })
  if (!knowsSize) await later(syncMs + slackMs / 2)
  return crew
}

/** A bound, and what was measured against it. */
export function tell({ tells, client }: Stage, bound: string, measured: object): void {
  const figures = Object.entries(measured).map(([name, value]) => `${name} ${show(value)}`)
  if (tells) say(`  ${bound} [${client}]: ${figures.join(', ')}`)
}

const show = (value: unknown): string =>
  typeof value === 'number' ? String(Math.round(value * 10) / 10) : String(value)

/**
 * All processes ask for more than there is: exactly as many come in as may. They ask again, as a process that was refused
 * believes so for a moment.
 */
export async function fill(crew: Crew, key = 0): Promise<void> {
  await took('the limit is reached', async () => {
    await crew.each((worker) => worker.open(limit, { key }))
    return crew.truth(key).at() >= limit
  })
  expect(crew.truth(key).at()).toBe(limit)
}

/** Waits until something is so, and returns how long that took, in milliseconds. */
export async function took(what: string, isSo: () => Promise<boolean>, withinMs = 60_000): Promise<number> {
  const fromMs = nowMs()
  while (!(await isSo())) {
    if (nowMs() > fromMs + withinMs) throw new Error(`not within ${withinMs} ms: ${what}`)
    await later(10)
  }
  return nowMs() - fromMs
}

/** Waits until each process knows how many are open in all, and returns how long that took. */
export async function settle(crew: Crew, key = 0): Promise<number> {
  return took('all processes know the true count', async () => {
    const counts = await crew.each((worker) => worker.countAll(key))
    return counts.every((count) => count === crew.truth(key).at())
  })
}

/**
 * Waits until Redis knows how many are open in all, of processes that all live; nobody asks it meanwhile, as that would tell
 * it. Returns how long that took.
 */
export async function told(crew: Crew, server: string): Promise<number> {
  return took('Redis knows the true count', async () => {
    const { cells } = await writtenIn([server], crew.options.zone.name)
    return cells.reduce((sum, { count }) => sum + count, 0) === crew.truth().at()
  })
}

/** Waits until a process has seen the store go, or come back. */
export async function untilDegraded(worker: Worker, isAway: boolean): Promise<void> {
  await took(`the store is ${isAway ? 'away' : 'back'}`, async () => {
    const { degraded } = await worker.state()
    return isAway ? degraded.length > 0 : degraded.at(-1)?.isAway !== true
  })
}

export interface EndOptions {
  /** How many keys were used. @default 1 */
  readonly keys?: number
  /** The servers to look at. @default those of the processes */
  readonly urls?: readonly string[]
}

/**
 * All is closed by the processes that live. Nothing may be left counted: not in one of them and not in Redis, nor of those
 * that were killed, once their cells have lapsed. Returns how long Redis took to know.
 */
export async function endEven(
  crew: Crew,
  { keys = 1, urls = urlsOf(crew) }: EndOptions = {},
): Promise<number> {
  const { name } = crew.options.zone
  const all = Array.from({ length: keys }, (_, key) => key)
  await crew.each(async (worker) => {
    for (const key of all) await worker.close(undefined, key)
  })
  for (const key of all) expect(crew.truth(key).at()).toBe(0)

  const freedMs = await took('no cell is left in Redis', async () => {
    return (await writtenIn(urls, name)).cells.length === 0
  })
  for (const worker of crew.workers) {
    const { count, held, stats } = await worker.state()
    expect({ count, held, active: stats.active, keys: stats.keys }).toEqual({
      count: 0,
      held: 0,
      active: 0,
      keys: 0,
    })
    // One that has nothing to tell may have its client still on the way back.
    await took('a process knows that nothing is left', async () => (await worker.countAll()) === 0)
  }
  await crew.each((worker) => worker.leave())
  await took('no process is left in Redis', async () => {
    const { cells, instances } = await writtenIn(urls, name)
    return cells.length === 0 && instances.length === 0
  })
  return freedMs
}

function urlsOf({ options: { place } }: Crew): readonly string[] {
  if ('url' in place) return [place.url]
  if ('cluster' in place) return place.cluster.map((port) => `redis://127.0.0.1:${port}`)
  throw new Error('say which servers to look at')
}
