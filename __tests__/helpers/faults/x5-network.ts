import { expect } from '@jest/globals'
import { sumOf, type Crew } from '../redis/crew.ts'
import { Proxy } from '../redis/proxy.ts'
import { RedisServer, later } from '../redis/server.ts'
import { nowMs } from '../redis/truth.ts'
import {
  backMs,
  crewOf,
  endEven,
  fill,
  limit,
  settle,
  slackMs,
  tell,
  untilDegraded,
  type Stage,
} from './stage.ts'

/** What the network does to the connections of all processes with Redis. */
export type Trouble =
  | 'cuts'
  | 'a delay of 200 ms'
  | 'a black hole'
  | 'a black hole for replies'
  | 'cuts before the reply'
  | 'refused connections'

const troubles: Record<Trouble, (proxy: Proxy) => unknown> = {
  cuts: (proxy) => proxy.cut(),
  'a delay of 200 ms': (proxy) => (proxy.delayMs = 200),
  'a black hole': (proxy) => (proxy.weather = 'black-hole'),
  'a black hole for replies': (proxy) => (proxy.weather = 'black-hole-replies'),
  'cuts before the reply': (proxy) => (proxy.weather = 'cut-replies'),
  'refused connections': (proxy) => {
    proxy.weather = 'refuse'
    proxy.cut()
  },
}

function heal(proxy: Proxy): void {
  proxy.delayMs = 0
  proxy.weather = 'fine'
}

interface Scene {
  readonly server: RedisServer
  readonly proxy: Proxy
  readonly crew: Crew
}

async function sceneOf(stage: Stage, zone: object = {}): Promise<Scene> {
  const server = await RedisServer.start()
  const proxy = await Proxy.start(server.port)
  return { server, proxy, crew: await crewOf(stage, { place: { url: proxy.url }, zone }) }
}

/**
 * X5, D6: the network between all processes and Redis is in trouble while half of what may be open is open, held by one, and
 * all try to come in. Each lets in what is its fair share, or keeps what it has; when the trouble ends, the counts are right
 * within a sync, whatever was carried out late or twice.
 */
export async function checkFlooded(stage: Stage, by: Trouble): Promise<void> {
  const { server, proxy, crew } = await sceneOf(stage)
  const held = limit / 2
  await crew.workers[0]!.open(held)
  const share = limit / crew.workers.length

  const fromMs = nowMs()
  troubles[by](proxy)
  const floods = crew.each((worker) => worker.flood(stage.ttlMs + stage.syncMs))
  // Cuts last for a moment: what is decided with Redis and what is decided without it mix.
  if (by === 'cuts') await cutAgain(proxy)
  const tally = sumOf(await floods)
  const most = crew.truth().most({ fromMs })
  heal(proxy)
  const knownMs = await settle(crew)
  const over = crew.truth().at() > limit ? (await crew.workers[0]!.open(4)).passed : 0

  await crew.each((worker) => worker.close())
  await settle(crew)
  await fill(crew)
  const freedMs = await endEven(crew, { urls: [server.url] })
  const bound = (by === 'cuts' ? limit : held) + (crew.workers.length - 1) * share
  tell(stage, `D6, X5, ${by}: at most ${bound} open, counts are right within ${stage.syncMs} ms after it`, {
    'most open': most,
    'p99 ms': tally.p99Ms,
    'true count known after ms': knownMs,
    'residue gone after ms': freedMs,
  })
  expect(most).toBeLessThanOrEqual(bound)
  expect(knownMs).toBeLessThanOrEqual(backMs + stage.syncMs + slackMs)
  expect(over).toBe(0)
  await server.kill()
}

async function cutAgain(proxy: Proxy): Promise<void> {
  for (let n = 0; n < 5; n++) {
    await later(100)
    proxy.cut()
  }
}

/**
 * X5, D7, D8: connections open and close all the time while the network is in trouble, again and again, and all are closed
 * while it is. What Redis was not told it knows a sync after the trouble, and no count is ever negative.
 */
export async function checkChurned(stage: Stage, by: Trouble): Promise<void> {
  const { server, proxy, crew } = await sceneOf(stage)
  const churns = crew.each((worker, seed) =>
    worker.churn({ seed, forMs: stage.rounds * 800, atOnce: 4, holdMs: 20, restMs: 1 }),
  )
  for (let round = 0; round < stage.rounds; round++) {
    await later(300)
    troubles[by](proxy)
    await later(400)
    if (round < stage.rounds - 1) heal(proxy)
  }
  const tally = sumOf(await churns)
  expect(crew.truth().at()).toBe(0)

  heal(proxy)
  const healedMs = nowMs()
  const freedMs = await endEven(crew, { urls: [server.url] })
  tell(stage, `D7, D8, X5, ${by}: what closed is counted no more ${stage.syncMs} ms after it`, {
    decisions: tally.passed + tally.rejected,
    'most open': crew.truth().most(),
    'p99 ms': tally.p99Ms,
    'freed after ms': freedMs,
    'ended after ms': nowMs() - healedMs,
  })
  expect(crew.truth().most()).toBeLessThan(2 * limit)
  expect(freedMs).toBeLessThanOrEqual(backMs + stage.syncMs + slackMs)
  await server.kill()
}

/**
 * X5, D6: one process of four loses Redis, and the others do not. It keeps what it has and lets in its fair share; the others
 * get what it held when its cells lapse.
 */
export async function checkCutOff(stage: Stage): Promise<void> {
  const server = await RedisServer.start()
  const proxy = await Proxy.start(server.port)
  const crew = await crewOf(stage, { size: 3, place: { url: server.url }, zone: { instances: 4 } })
  const alone = await crew.join({ place: { url: proxy.url } })
  const share = limit / crew.workers.length
  await alone.open(1)
  await settle(crew)

  proxy.weather = 'black-hole'
  await alone.open(limit)
  await untilDegraded(alone, true)
  await crew.each((worker) => worker.flood(stage.ttlMs + 2 * stage.syncMs))
  const most = crew.truth().most()
  const { held } = await alone.state()

  heal(proxy)
  const knownMs = await settle(crew)
  const admitted = (await crew.each((worker) => worker.open(2))).reduce((sum, { passed }) => sum + passed, 0)
  const freedMs = await endEven(crew, { urls: [server.url] })
  tell(
    stage,
    `D6, X5, one of ${crew.workers.length} cut off: at most ${limit + share} open, told within ${stage.syncMs} ms`,
    {
      'most open': most,
      'held by it': held,
      'true count known after ms': knownMs,
      'let in while over': admitted,
      'residue gone after ms': freedMs,
    },
  )
  expect(held).toBeLessThanOrEqual(share)
  expect(most).toBeLessThanOrEqual(limit + share)
  expect(admitted).toBe(0)
  expect(knownMs).toBeLessThanOrEqual(backMs + stage.syncMs + slackMs)
  await server.kill()
}
