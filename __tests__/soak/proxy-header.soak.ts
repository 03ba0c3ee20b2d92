import { it } from '@jest/globals'
import { expectReadOrRefused } from '../helpers/proxy-fuzz.ts'
import { seconds, seed } from './settings.ts'

/** All of them, but in a short run. */
const numRuns = Math.min(1_000_000, seconds * 2_000)

it(
  `A-37: the parser of PROXY protocol headers, ${numRuns} cases, seed ${seed}`,
  () => expectReadOrRefused({ numRuns, seed }),
  (seconds + 300) * 1_000,
)
