import { expect } from '@jest/globals'
import type { Fake } from '../redis/crew.ts'
import { writtenIn } from '../redis/cells.ts'
import { sharedPlace } from '../redis/clients.ts'
import { crewOf, endEven, fill, limit, settle, tell, type Stage } from './stage.ts'

/** What a process has of another that it is a copy of. */
export type Copy = 'its id' | 'its id and its first number'

/** X9: three processes have the id of a fourth. Each takes an id of its own, and nothing is counted under that of another. */
export async function checkCopies(stage: Stage, what: Copy): Promise<void> {
  const number = what === 'its id' ? {} : { number: 1_000 }
  const identity: Fake['identity'] = { bytes: process.pid % 256, ...number }
  const crew = await crewOf(stage, { size: 0 })
  await Promise.all(Array.from({ length: 4 }, () => crew.join({ identity })))

  await fill(crew)
  await settle(crew)
  const { cells, instances } = await writtenIn([sharedPlace().url], crew.options.zone.name)
  const ids = new Set(instances).size
  const counted = cells.reduce((sum, { count }) => sum + count, 0)
  await crew.each((worker) => worker.close())
  await crew.each((worker, seed) => worker.churn({ seed, opens: 500 }))
  const most = crew.truth().most()
  const freedMs = await endEven(crew)
  tell(stage, `D1, X9: 4 processes with one id (${what}), at most ${limit} open`, {
    'most open': most,
    ids,
    counted,
    'residue gone after ms': freedMs,
  })
  expect(ids).toBe(4)
  expect(most).toBe(limit)
  expect(counted).toBe(limit)
}
