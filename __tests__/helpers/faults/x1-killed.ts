import { expect } from '@jest/globals'
import { sharedPlace, type RedisPlace } from '../redis/clients.ts'
import { nowMs } from '../redis/truth.ts'
import { patient, crewOf, endEven, fill, limit, slackMs, tell, took, type Stage } from './stage.ts'

/**
 * X1: processes are killed while they hold something, and while others try to come in. What they held comes back within
 * ttlMs, not before they are dead, and nothing stays.
 */
export async function checkKilled(
  stage: Stage,
  rounds = stage.rounds,
  place = sharedPlace() as RedisPlace,
): Promise<void> {
  const crew = await crewOf(stage, { place, zone: patient })
  const spent: number[] = []
  let mostLost = 0

  for (let round = 0; round < rounds; round++) {
    await fill(crew)
    const victim = await someHolder(crew.workers, round)
    const { held } = await victim.state()
    mostLost = Math.max(mostLost, held)
    await crew.kill(victim)
    const killedAtMs = nowMs()
    expect(crew.truth().at()).toBe(limit - held)

    await took('all that it held is given to others', async () => {
      await crew.each((worker) => worker.open(2))
      return crew.truth().at() === limit
    })
    spent.push(nowMs() - killedAtMs)
    await crew.each((worker) => worker.close())
    await crew.join()
  }

  const truth = crew.truth()
  const freedMs = await endEven(crew)
  const measured = {
    kills: rounds,
    'slowest ms': Math.max(...spent),
    'most lost': mostLost,
    'most open': truth.most(),
  }
  tell(stage, `D2, X1: a killed process gives back within ${stage.ttlMs} + ${slackMs} ms`, {
    ...measured,
    'residue gone after ms': freedMs,
  })
  expect(Math.max(...spent)).toBeLessThanOrEqual(stage.ttlMs + slackMs)
  expect(truth.most()).toBeLessThanOrEqual(limit)
  expect(freedMs).toBeLessThanOrEqual(stage.ttlMs + slackMs)
}

/** One that holds something, another one each time. */
async function someHolder<W extends { state(): Promise<{ held: number }> }>(
  workers: readonly W[],
  round: number,
): Promise<W> {
  const states = await Promise.all(workers.map((worker) => worker.state()))
  const holders = workers.filter((_, index) => states[index]!.held > 0)
  return holders[round % holders.length]!
}
