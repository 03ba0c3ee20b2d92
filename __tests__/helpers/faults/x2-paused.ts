import { expect } from '@jest/globals'
import type { Crew, Worker } from '../redis/crew.ts'
import { nowMs } from '../redis/truth.ts'
import { patient, crewOf, endEven, fill, limit, settle, slackMs, tell, took, type Stage } from './stage.ts'

/** How a process does nothing for twice ttlMs, and goes on after it. */
export type Pause = 'SIGSTOP' | 'a busy loop'

const pauses: Record<Pause, (worker: Worker, forMs: number) => { readonly end: () => Promise<void> }> = {
  SIGSTOP(worker) {
    worker.pause()
    return { end: async () => worker.resume() }
  },
  'a busy loop': (worker, forMs) => {
    const busy = worker.busy(forMs)
    return { end: () => busy }
  },
}

const held = 8

/**
 * X2: a process is paused for longer than its cells last. Others get what it held, as nobody can know that it lives. When
 * it goes on it tells what it has within a sync, and nobody comes in until there is room.
 */
export async function checkPaused(stage: Stage, by: Pause): Promise<void> {
  const crew = await crewOf(stage, { zone: patient })
  const [sleeper, ...others] = crew.workers as [Worker, ...Worker[]]
  await sleeper.open(held)
  for (const worker of others) await worker.open((limit - held) / others.length)
  expect(crew.truth().at()).toBe(limit)

  const fromMs = nowMs()
  const pause = pauses[by](sleeper, 2 * stage.ttlMs)
  await took('its cells lapse, and others take its share', async () => {
    await Promise.all(others.map((worker) => worker.open(2)))
    return nowMs() > fromMs + 2 * stage.ttlMs
  })
  await pause.end()
  const knownMs = await settle(crew)
  const most = crew.truth().most()

  const admitted = await admittedWhileOver(crew)
  const freedMs = await endEven(crew)
  tell(
    stage,
    `D3, X2 by ${by}: over by what it held (${held}), told within ${stage.syncMs} ms, nobody new meanwhile`,
    {
      'most open': most,
      'told after ms': knownMs,
      'let in while over': admitted,
      'residue gone after ms': freedMs,
    },
  )
  expect(most).toBe(limit + held)
  expect(knownMs).toBeLessThanOrEqual(stage.syncMs + slackMs)
  expect(admitted).toBe(0)
}

/** Closes one after the other until the limit is reached, and counts who comes in before there is room. */
async function admittedWhileOver(crew: Crew): Promise<number> {
  let admitted = 0
  while (crew.truth().at() > limit) {
    for (const { passed } of await crew.each((worker) => worker.open(2))) admitted += passed
    await closeOne(crew)
    await settle(crew)
  }
  for (const { passed } of await crew.each((worker) => worker.open(2))) admitted += passed

  await closeOne(crew)
  await settle(crew)
  await fill(crew)
  return admitted
}

async function closeOne(crew: Crew): Promise<void> {
  for (const worker of crew.workers) if ((await worker.close(1)) === 1) return
}
