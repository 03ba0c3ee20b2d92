import { afterEach, beforeEach, expect, jest } from '@jest/globals'
import * as fc from 'fast-check'
import { aStory, tell, type Story } from './events.ts'
import { Telling, type Totals } from './telling.ts'

const { stackTraceLimit } = Error

/** Time goes by when a story says so. */
export function useSimulatedClock(): void {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'Date'] })
    // Node makes an error for each request that is cut off, and jest spends longer on its stack than the request took.
    Error.stackTraceLimit = 0
  })
  afterEach(() => {
    Error.stackTraceLimit = stackTraceLimit
    jest.useRealTimers()
  })
}

/** Plays the story of a seed; of one that goes wrong the shortest that does is told. */
export async function checkWorld(seed: number): Promise<Totals> {
  let totals: Totals | undefined
  const property = fc.asyncProperty(aStory, async (story) => {
    totals = await play(story)
  })
  const { counterexample, errorInstance } = await fc.check(property, { seed, numRuns: 1 })
  if (counterexample) expect(`seed ${seed}: ${String(errorInstance)}\n${tell(counterexample[0])}`).toBe('')
  return totals!
}

async function play(story: Story): Promise<Totals> {
  jest.clearAllTimers()
  const telling = new Telling(story)
  for (const event of story[1]) await telling.tell(event)
  return telling.end()
}
