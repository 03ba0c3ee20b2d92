import { expect } from '@jest/globals'
import { sumOf, type CrewOptions } from '../redis/crew.ts'
import { patient, crewOf, endEven, limit, slackMs, tell, type Stage } from './stage.ts'

export interface Load {
  /** In all, by four processes. */
  readonly opens: number
  readonly keys?: number
  /** How long one stays at most. @default 4 */
  readonly holdMs?: number
  readonly place?: CrewOptions['place']
  readonly carrier?: NonNullable<CrewOptions['carrier']>
}

/** D1: four processes open and close at random. There are never more than may be, and at the end none. */
export async function checkExact(
  stage: Stage,
  { opens, keys = 1, holdMs = 4, ...over }: Load,
): Promise<void> {
  const crew = await crewOf(stage, { ...over, zone: patient })
  const each = opens / crew.workers.length
  // Twice as many as may.
  const atOnce = Math.max(16, (2 * keys * limit) / crew.workers.length)
  const tally = sumOf(
    await crew.each((worker, seed) => worker.churn({ seed, keys, opens: each, holdMs, atOnce })),
  )
  const truths = Array.from({ length: keys }, (_, key) => crew.truth(key))
  const most = Math.max(...truths.map((truth) => truth.most()))
  const freedMs = await endEven(crew, { keys })

  tell(
    stage,
    `D1: ${opens} opens by ${crew.options.carrier ?? 'sources'} under ${keys} keys, at most ${limit} open`,
    {
      passed: tally.passed,
      rejected: tally.rejected,
      'most open': most,
      'p50 ms': tally.p50Ms,
      'p99 ms': tally.p99Ms,
      'residue gone after ms': freedMs,
    },
  )
  expect(tally.passed + tally.rejected).toBe(opens)
  expect(tally.rejected).toBeGreaterThan(0)
  expect(most).toBeLessThanOrEqual(limit)
  expect(freedMs).toBeLessThanOrEqual(stage.syncMs + slackMs)
}
