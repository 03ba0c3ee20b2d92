import { it } from '@jest/globals'
import { checkWorld, useSimulatedClock } from '../simulator/check-world.ts'
import { seconds, seed } from './settings.ts'

/** All of them, but in a short run. */
const count = Math.min(100_000, seconds * 56)

useSimulatedClock()

it(
  `counts who is there in ${count} simulated worlds, from seed ${seed} on`,
  async () => {
    for (let n = 0; n < count; n++) await checkWorld(seed + n)
  },
  (seconds + 300) * 4_000,
)
