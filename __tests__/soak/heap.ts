import { expect } from '@jest/globals'

/** Memory in use, nobody there, after a forced collection. */
export interface Sample {
  readonly atSeconds: number
  readonly bytes: number
}

const tenMinutes = 600
const mostPerTenMinutes = 1_000_000
/** What a short run, whose figures have no slope that can be told from noise, may differ at its end. */
const mostOfShortRun = 1_500_000

/** Without its first third the run shows no growth. Says what was found. */
export function expectFlatHeap(samples: readonly Sample[]): string {
  const warm = samples.slice(Math.floor(samples.length / 3))
  const length = warm.at(-1)!.atSeconds - warm[0]!.atSeconds
  if (length >= tenMinutes) {
    const growth = slopeOf(warm) * tenMinutes
    expect(growth).toBeLessThan(mostPerTenMinutes)
    return `heap: ${Math.round(growth / 1_000)} kB in ten minutes, by the line through ${warm.length} samples`
  }

  const half = Math.ceil(warm.length / 2)
  const growth = medianOf(warm.slice(-half)) - medianOf(warm.slice(0, half))
  expect(growth).toBeLessThan(mostOfShortRun)
  return `heap: ${Math.round(growth / 1_000)} kB more in the last third than in the one before`
}

/** Bytes in a second, by least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const meanSeconds = meanOf(samples.map(({ atSeconds }) => atSeconds))
  const meanBytes = meanOf(samples.map(({ bytes }) => bytes))
  const products = samples.map((each) => (each.atSeconds - meanSeconds) * (each.bytes - meanBytes))
  return meanOf(products) / meanOf(samples.map((each) => (each.atSeconds - meanSeconds) ** 2))
}

function medianOf(samples: readonly Sample[]): number {
  return samples.map(({ bytes }) => bytes).toSorted((a, b) => a - b)[Math.floor(samples.length / 2)]!
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
