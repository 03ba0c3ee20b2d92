import type { Parameters } from 'fast-check'

/** How much is tried: so many inputs, those that follow from a seed. A failure prints the seed and the smallest input. */
export type Fuzzing = Pick<Parameters<unknown>, 'numRuns' | 'seed'>

/** FUZZ_SEED tries again what failed, FUZZ_TIMES so many times as much. */
export function fuzzing(numRuns: number): Fuzzing {
  const { FUZZ_SEED: seed, FUZZ_TIMES: times = '1' } = process.env
  return { numRuns: Math.round(numRuns * Number(times)), ...(seed !== undefined && { seed: Number(seed) }) }
}
