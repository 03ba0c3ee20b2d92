import { afterEach, beforeEach, expect, jest } from '@jest/globals'
import * as fc from 'fast-check'
import { aSlowStory, aStory, tell, type Story } from './events.ts'
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
  try {
    for (const event of story[1]) await telling.tell(event)
    return await telling.end()
  } finally {
    await telling.world.ear.stop()
  }
}

/**
 * Plays random stories in which keys and limits take their time, in an order of fast-check's: each answer, and each thing
 * that happens, may come before or after any other.
 */
export async function checkOrders(parameters: fc.Parameters<unknown>): Promise<void> {
  const property = fc.asyncProperty(fc.scheduler(), aSlowStory, async (scheduler, story) => {
    jest.clearAllTimers()
    const telling = new Telling(story, (value) => scheduler.schedule(Promise.resolve(value)))
    try {
      await tellInOrder(telling, story[1], scheduler)
    } finally {
      await telling.world.ear.stop()
    }
  })
  await fc.assert(property, parameters as object)
}

async function tellInOrder(telling: Telling, events: Story[1], scheduler: fc.Scheduler): Promise<void> {
  let act = Promise.resolve()
  for (const event of events)
    void scheduler.schedule(Promise.resolve(), event.what).then(() => (act = telling.act(event)))
  while (scheduler.count() > 0) {
    await scheduler.waitOne()
    await act
    await telling.check()
  }
  await telling.end()
}
