import * as fc from 'fast-check'
import type { OnLimit } from '../../../lib/core/evict.ts'
import { keys, type Bound, type Bounds, type Key, type Keys, type Rule } from './rules.ts'

/** One thing that happens; what it happens to, modulo how many there are. */
export interface Step {
  readonly what: keyof typeof weights
  readonly rule: number
  readonly which: number
  readonly zone: number
  readonly keys: Keys
  /** A limit, a time, a kind. */
  readonly number: number
  /** Not busy; or, of a change of limits: close what is beyond them. */
  readonly isCalm: boolean
  readonly change: 'limit' | 'dryRun' | 'onLimit'
  readonly onLimit: OnLimit
}

/** How often each happens, beside the others. */
const weights = {
  connect: 2,
  arrive: 6,
  request: 8,
  again: 3,
  finish: 5,
  close: 1,
  touch: 1,
  lose: 1,
  release: 1,
  sweep: 1,
  kick: 1,
  reset: 0.3,
  limit: 2,
  queue: 1,
  answer: 2,
  elapse: 2,
  stop: 0.1,
  tick: 3,
} as const

const acts = Object.entries(weights).map(([act, weight]) => {
  return { weight: weight * 10, arbitrary: fc.constant(act as keyof typeof weights) }
})

const aKey = fc.oneof({ weight: 2, arbitrary: fc.constant<Key>('a') }, fc.constantFrom(...keys))
const anOnLimit = fc.constantFrom<OnLimit>('reject', 'reject', 'evict-oldest', 'evict-idle')

export const aStep: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(...acts),
  rule: fc.nat(2),
  which: fc.nat(12),
  zone: fc.nat(1),
  keys: fc.tuple(aKey, aKey),
  number: fc.integer({ min: 1, max: 4 }),
  isCalm: fc.boolean(),
  change: fc.constantFrom('limit', 'limit', 'dryRun', 'onLimit'),
  onLimit: anOnLimit,
})

export const aBounds: fc.Arbitrary<Bounds> = fc.record({
  max: fc.constantFrom(1, 2, 3, 65_536, 65_536, 65_536),
  maxIdle: fc.constantFrom(0, 1, 1_024),
  onFull: fc.constantFrom('reject', 'pass'),
})

const aBound: fc.Arbitrary<Bound> = fc.record({
  zone: fc.nat(1),
  limit: fc.constantFrom(1, 1, 2, 3),
  dryRun: fc.constantFrom(false, false, false, true),
  onLimit: anOnLimit,
})

export const aRule: fc.Arbitrary<Rule> = fc.record({
  unit: fc.constantFrom('connections', 'requests'),
  maxKeys: fc.constantFrom(1, 2, 16),
  bounds: fc.array(aBound, { minLength: 1, maxLength: 2 }),
  queue: fc.record({ max: fc.constantFrom(1, 2, 5), timeoutMs: fc.constantFrom(4, 12, 600) }),
  isSlow: fc.boolean(),
})

/** What a step happens to. */
export function pick<T>(list: readonly T[], which: number): T | undefined {
  return list[which % Math.max(1, list.length)]
}
