import { expect } from '@jest/globals'
import type { Crew, Worker } from '../redis/crew.ts'
import type { LaunchOptions } from '../redis/launch.ts'
import { Proxy } from '../redis/proxy.ts'
import { startSentinel } from '../redis/sentinel.ts'
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
  told,
  took,
  type Stage,
} from './stage.ts'

/** A primary that a replica copies, and the ways there: of the processes, and of the replica. */
interface Pair {
  readonly primary: RedisServer
  readonly replica: RedisServer
  readonly proxy: Proxy
  readonly link: Proxy
}

export async function pairOf(ofReplica: LaunchOptions = {}): Promise<Pair> {
  const [primary, replica] = await Promise.all([RedisServer.start(), RedisServer.start(ofReplica)])
  const [proxy, link] = [await Proxy.start(primary.port), await Proxy.start(primary.port)]
  await replica.follow(link)
  return { primary, replica, proxy, link }
}

/** The primary dies, and the replica takes its place, without what it has not got. */
export async function failOver({ primary, replica, proxy, link }: Pair): Promise<void> {
  await primary.kill()
  link.cut()
  await replica.command('REPLICAOF', 'NO', 'ONE')
  proxy.switchTo(replica.port)
}

/**
 * X6: what was written last never came to the replica that becomes the primary. It may come to as many too many as were lost,
 * and nobody new comes in within a sync after it.
 */
export async function checkFailover(stage: Stage): Promise<void> {
  const pair = await pairOf()
  const crew = await crewOf(stage, { place: { url: pair.proxy.url } })
  const [first, second, ...others] = crew.workers as [Worker, Worker, ...Worker[]]
  await first.open(8)
  await untilCopied(pair, crew)

  pair.link.weather = 'black-hole'
  const lost = (await second.open(limit)).passed
  expect(lost).toBe(limit - 8)

  const fromMs = nowMs()
  await failOver(pair)
  const floods = Promise.all(others.map((worker) => worker.flood(stage.watchMs)))
  const switchedMs = nowMs()
  await floods
  const truth = crew.truth()
  const most = truth.most({ fromMs })
  const lastMs = truth.opened({ fromMs: switchedMs }) > 0 ? truth.lastOpenedMs() - switchedMs : 0

  const toldMs = await told(crew, pair.replica.url)
  const over = (await crew.each((worker) => worker.open(1))).reduce((sum, { passed }) => sum + passed, 0)
  await crew.each((worker) => worker.close())
  await settle(crew)
  await fill(crew)
  const freedMs = await endEven(crew, { urls: [pair.replica.url] })
  const bound = limit + lost
  tell(
    stage,
    `D5, X6, ${lost} lost with the primary: at most ${bound} open, nobody new after ${stage.syncMs} ms`,
    {
      'most open': most,
      'last let in after ms': lastMs,
      'told after ms': toldMs,
      'let in while over': over,
      'residue gone after ms': freedMs,
    },
  )
  expect(most).toBeLessThanOrEqual(bound)
  expect(lastMs).toBeLessThanOrEqual(backMs + stage.syncMs + slackMs)
  expect(toldMs).toBeLessThanOrEqual(backMs + stage.syncMs + slackMs)
  expect(over).toBe(0)
  await pair.replica.kill()
}

/** Waits until the replica has what the primary has. */
export async function untilCopied({ primary, replica }: Pair, crew: Crew): Promise<void> {
  const digest = (server: RedisServer): Promise<string> => server.command('DBSIZE').then(String)
  await settle(crew)
  await took('the replica has all', async () => {
    const [mine, its] = await Promise.all([offsetOf(primary), offsetOf(replica)])
    return mine === its && (await digest(primary)) === (await digest(replica))
  })
}

async function offsetOf(server: RedisServer): Promise<string> {
  return /(?:master_repl_offset|slave_repl_offset):(\d+)/.exec(
    String(await server.command('INFO', 'replication')),
  )![1]!
}

/** A Sentinel does it: the primary dies under load, and the clients find the other one. Nobody sees an error. */
export async function checkSentinel(stage: Stage): Promise<void> {
  const { primary, replica, sentinel, name } = await startSentinel()
  const crew = await crewOf(stage, { place: { sentinel: sentinel.port, name }, size: 2 })
  const churns = crew.each((worker, seed) => worker.churn({ seed, forMs: 6_000, atOnce: 4, holdMs: 20 }))
  await later(500)
  await primary.kill()
  const killedMs = nowMs()
  await churns
  const most = crew.truth().most()

  await took('all have found the new primary', async () => {
    await crew.each((worker) => worker.open(1))
    await crew.each((worker) => worker.close())
    const states = await crew.each((worker) => worker.state())
    return states.every(({ degraded }) => degraded.at(-1)?.isAway !== true)
  })
  const backAfterMs = nowMs() - killedMs
  await settle(crew)
  await fill(crew)
  const freedMs = await endEven(crew, { urls: [replica.url] })
  tell(stage, `D5, Sentinel: less than ${2 * limit} open, exact afterwards`, {
    'most open': most,
    'all back after ms': backAfterMs,
    'residue gone after ms': freedMs,
  })
  expect(most).toBeLessThan(2 * limit)
  for (const server of [sentinel, replica]) await server.kill()
}
