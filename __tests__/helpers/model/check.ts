import { afterEach, beforeEach, jest } from '@jest/globals'
import * as fc from 'fast-check'
import { Ear } from './ear.ts'
import { Run } from './run.ts'
import { aBounds, aRule, aStep } from './steps.ts'

const aScenario = fc.tuple(
  fc.tuple(aBounds, aBounds),
  fc.array(aRule, { minLength: 1, maxLength: 3 }),
  fc.array(aStep, { minLength: 1, maxLength: 48, size: 'max' }),
)

/** Time goes by when a step says so. */
export function useClockOfSteps(): void {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'Date'] })
  })
  afterEach(() => {
    jest.useRealTimers()
  })
}

/** Takes random steps in the model and in the real thing. Of a failure the seed and the fewest steps are told. */
export async function checkAgainstModel(parameters: fc.Parameters<unknown>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(aScenario, async ([bounds, rules, steps]) => {
      const run = new Run(bounds, rules)
      const ear = new Ear()
      try {
        for (const step of steps) {
          await run.step(step)
          ear.check(run.model.news)
        }
        await run.closeAll()
        ear.check(run.model.news)
      } finally {
        ear.stop()
      }
    }),
    parameters as object,
  )
}
