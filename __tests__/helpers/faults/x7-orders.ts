import { expect } from '@jest/globals'
import { sumOf, type Crew } from '../redis/crew.ts'
import { Proxy } from '../redis/proxy.ts'
import { RedisServer, later } from '../redis/server.ts'
import {
  patient,
  backMs,
  crewOf,
  endEven,
  fill,
  limit,
  settle,
  slackMs,
  tell,
  took,
  type Stage,
} from './stage.ts'

/** X7: Redis forgets its scripts again and again under load: nobody notices. */
export async function checkScriptsFlushed(stage: Stage, times = 20): Promise<void> {
  const server = await RedisServer.start()
  // It is the scripts that are looked at, not how soon a busy machine answers.
  const crew = await crewOf(stage, { place: { url: server.url }, zone: patient })
  const churns = crew.each((worker, seed) => worker.churn({ seed, forMs: times * 60 + 200 }))
  for (let n = 0; n < times; n++) {
    await server.command('SCRIPT', 'FLUSH')
    await later(50)
  }
  const tally = sumOf(await churns)
  const most = crew.truth().most()
  const degraded = await degradations(crew)
  const freedMs = await endEven(crew)
  tell(stage, `D1, X7: SCRIPT FLUSH ${times} times, at most ${limit} open`, {
    decisions: tally.passed + tally.rejected,
    'most open': most,
    'residue gone after ms': freedMs,
  })
  expect(tally.rejected).toBeGreaterThan(0)
  expect(most).toBeLessThanOrEqual(limit)
  expect(degraded).toEqual([])
  await server.kill()
}

/** How Redis refuses to write, and how it is made to write again. */
export type Refusal = 'maxmemory 1' | 'a read-only replica'

interface Scene {
  readonly proxy: Proxy
  readonly server: RedisServer
  readonly replica: RedisServer
}

const refusals: Record<Refusal, { begin(scene: Scene): unknown; end(scene: Scene): unknown }> = {
  'maxmemory 1': {
    begin: ({ server }) => server.command('CONFIG', 'SET', 'maxmemory', '1'),
    end: ({ server }) => server.command('CONFIG', 'SET', 'maxmemory', '0'),
  },
  'a read-only replica': {
    begin: ({ proxy, replica }) => proxy.switchTo(replica.port),
    end: ({ proxy, server }) => proxy.switchTo(server.port),
  },
}

/**
 * X7: Redis is there and writes nothing. Each process tells once that it is on its own, lets its fair share in, and is back
 * by itself.
 */
export async function checkRefused(stage: Stage, by: Refusal): Promise<void> {
  const [server, replica] = await Promise.all([RedisServer.start(), RedisServer.start()])
  await replica.follow(server)
  const proxy = await Proxy.start(server.port)
  const scene = { server, replica, proxy }
  // What Redis refuses it refuses at once; that a busy machine is late is none of it.
  const crew = await crewOf(stage, { place: { url: proxy.url }, zone: patient })
  await crew.each((worker) => worker.open(2))
  await settle(crew)

  await refusals[by].begin(scene)
  await took('all are on their own', async () => {
    await crew.each((worker) => worker.open(1))
    return (await crew.each((worker) => worker.state())).every(({ degraded }) => degraded.length > 0)
  })
  await crew.each((worker) => worker.flood(2 * stage.syncMs))
  const most = crew.truth().most()
  const degraded = await degradations(crew)
  await refusals[by].end(scene)
  const knownMs = await settle(crew)
  await crew.each((worker) => worker.close())
  await settle(crew)
  await fill(crew)

  const freedMs = await endEven(crew, { urls: [server.url] })
  tell(stage, `D6, X7: ${by}, at most ${limit} open (a fair share each), back within ${stage.syncMs} ms`, {
    'most open': most,
    'true count known after ms': knownMs,
    'residue gone after ms': freedMs,
    reason: degraded[0],
  })
  expect(degraded).toHaveLength(crew.workers.length)
  expect(most).toBeLessThanOrEqual(limit)
  expect(knownMs).toBeLessThanOrEqual(backMs + stage.syncMs + slackMs)
  for (const one of [server, replica]) await one.kill()
}

/** Why the processes were on their own, each time that one was. */
async function degradations(crew: Crew): Promise<readonly (string | undefined)[]> {
  const states = await crew.each((worker) => worker.state())
  return states.flatMap(({ degraded }) => degraded.filter(({ isAway }) => isAway).map(({ reason }) => reason))
}
