import { it } from '@jest/globals'
import { checkStories } from '../helpers/store/check.ts'
import { useSimulatedTime } from '../helpers/store/time.ts'
import { seconds, seed } from './settings.ts'

/** Some minutes of them, but in a short run. */
const numRuns = Math.min(20_000, seconds * 20)
const startTime = useSimulatedTime()

it.each(['calm', 'stormy'] as const)(
  `A-58: counts over all processes what they hold, in %s stories, ${numRuns} runs, seed ${seed}`,
  (kind) => checkStories(kind, startTime, { numRuns, seed }),
  (seconds + 300) * 4_000,
)
