import * as fc from 'fast-check'
import type { Fate } from './network.ts'

/** One thing that happens: to a process, under a key. */
export interface Step {
  readonly what: 'open' | 'crowd' | 'close' | 'elapse' | 'settle' | 'weather' | 'stop' | 'goOn' | 'restart'
  readonly process: number
  readonly key: 'a' | 'b'
  readonly which: number
  readonly ms: number
  readonly fates: readonly Fate[]
}

export interface Story {
  readonly processes: number
  readonly limit: number
  /** What becomes of the first commands of each process, over and over. */
  readonly fates: readonly (readonly Fate[])[]
  readonly steps: readonly Step[]
}

/** Far below the time that an answer may take, also where it is waited for twice. */
const aMoment = fc.nat({ max: 3 })
/** Longer than an answer may take, and shorter than a cell stands. */
const aWhile = fc.oneof(aMoment, fc.integer({ min: 40, max: 600 }))

const aCalmFate = fc.record({ thereMs: aMoment, backMs: aMoment, end: fc.constant('answered' as const) })
const aFate = fc.oneof(
  aCalmFate,
  fc.record({
    thereMs: aWhile,
    backMs: aWhile,
    end: fc.constantFrom('answered', 'unanswered', 'lost', 'refused'),
  }),
)

const calmly = ['open', 'open', 'open', 'crowd', 'close', 'close', 'elapse', 'elapse', 'settle'] as const
const forgetfully = [...calmly, 'crowd', 'restart', 'restart'] as const
const stormily = [...calmly, ...calmly, 'weather', 'weather', 'stop', 'goOn', 'goOn', 'restart'] as const

/** No command is lost, and none takes long. */
export const aCalmStory: fc.Arbitrary<Story> = aStory(calmly, aCalmFate)
/** The same, but that Redis loses all now and then. */
export const aForgetfulStory: fc.Arbitrary<Story> = aStory(forgetfully, aCalmFate)
export const aStormyStory: fc.Arbitrary<Story> = aStory(stormily, aFate)

function aStory(whats: readonly Step['what'][], fate: fc.Arbitrary<Fate>): fc.Arbitrary<Story> {
  const fates = fc.array(fate, { minLength: 1, maxLength: 6 })
  const aStep = fc.record({
    what: fc.constantFrom(...whats),
    process: fc.nat({ max: 3 }),
    key: fc.constantFrom('a', 'a', 'b'),
    which: fc.nat({ max: 20 }),
    ms: fc.oneof({ weight: 5, arbitrary: fc.nat({ max: 12 }) }, fc.nat({ max: 400 })),
    fates,
  })
  return fc.record({
    processes: fc.integer({ min: 2, max: 4 }),
    limit: fc.integer({ min: 1, max: 4 }),
    fates: fc.array(fates, { minLength: 4, maxLength: 4 }),
    steps: fc.array(aStep, { minLength: 1, maxLength: 40, size: 'max' }),
  })
}
