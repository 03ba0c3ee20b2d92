import { expect } from '@jest/globals'
import type { Fake } from '../redis/crew.ts'
import { writtenIn } from '../redis/cells.ts'
import { sharedPlace } from '../redis/clients.ts'
import { later } from '../redis/server.ts'
import { patient, crewOf, endEven, fill, limit, settle, slackMs, tell, took, type Stage } from './stage.ts'

/** What a process has of another that it is a copy of. */
export type Copy = 'its id' | 'its id and its first number'

/** X9: three processes have the id of a fourth. Each takes an id of its own, and nothing is counted under that of another. */
export async function checkCopies(stage: Stage, what: Copy): Promise<void> {
  const number = what === 'its id' ? {} : { number: 1_000 }
  const identity: Fake['identity'] = { bytes: process.pid % 256, ...number }
  const crew = await crewOf(stage, { size: 0, zone: patient })
  await Promise.all(Array.from({ length: 4 }, () => crew.join({ identity })))

  // Whose number is the same, too, is found when it tells that it is there.
  if (what !== 'its id') await later(stage.syncMs)
  await fill(crew)
  await settle(crew)
  const read = (): ReturnType<typeof writtenIn> => writtenIn([sharedPlace().url], crew.options.zone.name)
  const foundMs = await took('nobody stands there twice', async () => (await read()).instances.length === 4)
  const { cells } = await read()
  const counted = cells.reduce((sum, { count }) => sum + count, 0)
  await crew.each((worker) => worker.close())
  await crew.each((worker, seed) => worker.churn({ seed, opens: 500 }))
  const most = crew.truth().most()
  const freedMs = await endEven(crew)
  tell(stage, `D1, X9: 4 processes with one id (${what}), at most ${limit} open`, {
    'most open': most,
    'an id each after ms': foundMs,
    counted,
    'residue gone after ms': freedMs,
  })
  expect(foundMs).toBeLessThanOrEqual(stage.ttlMs + slackMs)
  expect(most).toBe(limit)
  expect(counted).toBe(limit)
}
