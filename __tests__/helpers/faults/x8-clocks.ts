import { expect } from '@jest/globals'
import { inTimeOff } from '../redis/faketime.ts'
import { nowMs } from '../redis/truth.ts'
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
import { failOver, pairOf, untilCopied } from './x6-failover.ts'

const fiveMinutesMs = 300_000

/** X8: the clocks of the processes are off by minutes, both ways. They play no part. */
export async function checkClocksOfProcesses(stage: Stage): Promise<void> {
  const crew = await crewOf(stage, { size: 0, zone: patient })
  for (const dateMs of [0, fiveMinutesMs, -fiveMinutesMs]) await crew.join({ dateMs })

  for (const worker of crew.workers) await worker.open(limit / 4)
  await fill(crew)
  const fromMs = nowMs()
  await took('cells had time to lapse', async () => {
    await crew.each((worker) => worker.open(1))
    return nowMs() > fromMs + 1.5 * stage.ttlMs
  })
  await crew.each((worker) => worker.close())
  await crew.each((worker, seed) => worker.churn({ seed, opens: 500 }))
  const most = crew.truth().most()
  const freedMs = await endEven(crew)
  tell(stage, `D10, X8: processes whose clocks are off by 5 minutes, at most ${limit} open`, {
    'most open': most,
    'residue gone after ms': freedMs,
  })
  expect(most).toBe(limit)
  expect(freedMs).toBeLessThanOrEqual(stage.syncMs + slackMs)
}

/**
 * X8: the clock of the replica that becomes the primary is off. What a dead process held comes back that much sooner or
 * later; what living ones hold is told again within a sync.
 */
export async function checkClocksOfRedis(stage: Stage, seconds: number): Promise<void> {
  const pair = await pairOf(inTimeOff(seconds))
  const crew = await crewOf(stage, { place: { url: pair.proxy.url } })
  await crew.each((worker) => worker.open(limit / 4))
  await untilCopied(pair, crew)

  const [victim] = crew.workers
  await crew.kill(victim!)
  const killedMs = nowMs()
  await failOver(pair)
  await took('what the dead one held is given to others', async () => {
    await crew.each((worker) => worker.open(2))
    return crew.truth().at() >= limit
  })
  const spentMs = nowMs() - killedMs
  const knownMs = await settle(crew)
  const most = crew.truth().most()
  const freedMs = await endEven(crew, { urls: [pair.replica.url] })

  const boundMs = stage.ttlMs + Math.max(0, -seconds * 1_000)
  tell(
    stage,
    `D10, X8: a new primary whose clock is off by ${seconds} s, a dead process gives back within ${boundMs} + ${slackMs} ms`,
    {
      'ms spent': spentMs,
      'most open': most,
      'true count known after ms': knownMs,
      'residue gone after ms': freedMs,
    },
  )
  expect(spentMs).toBeLessThanOrEqual(boundMs + backMs + slackMs)
  expect(most).toBeLessThan(2 * limit)
  expect(knownMs).toBeLessThanOrEqual(backMs + stage.syncMs + slackMs)
  await pair.replica.kill()
}
