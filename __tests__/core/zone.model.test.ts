import { afterEach, beforeEach, it, jest } from '@jest/globals'
import * as fc from 'fast-check'
import { Run } from '../helpers/model/run.ts'
import { aBounds, aRule, aStep } from '../helpers/model/steps.ts'

const numRuns = Number(process.env['LIMIT_CONN_RUNS'] ?? 2_000)

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'Date'] })
})

afterEach(() => {
  jest.useRealTimers()
})

it('A-02: counts, evicts, queues and kicks as an independent model does, whatever happens in which order', async () => {
  const scenario = fc.tuple(
    fc.tuple(aBounds, aBounds),
    fc.array(aRule, { minLength: 1, maxLength: 3 }),
    fc.array(aStep, { minLength: 1, maxLength: 48, size: 'max' }),
  )
  await fc.assert(
    fc.asyncProperty(scenario, async ([bounds, rules, steps]) => {
      const run = new Run(bounds, rules)
      for (const step of steps) await run.step(step)
      await run.closeAll()
    }),
    { numRuns },
  )
})
