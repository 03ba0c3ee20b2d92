import { it } from '@jest/globals'
import { checkAgainstModel, useClockOfSteps } from '../helpers/model/check.ts'
import { seconds, seed } from './settings.ts'

/** All of them, but in a short run. */
const numRuns = Math.min(200_000, seconds * 112)

useClockOfSteps()

it(
  `A-02: counts as an independent model does, ${numRuns} runs, seed ${seed}`,
  () => checkAgainstModel({ numRuns, seed }),
  (seconds + 300) * 4_000,
)
