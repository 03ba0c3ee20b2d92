import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { MiddlewareOptions } from '../../lib/options/middleware.ts'
import { carried, type Parcel } from '../helpers/carrier.ts'
import { ask, change, policyOf, zoneOf, type TestPolicy } from '../helpers/policies.ts'

beforeEach(() => {
  jest.useFakeTimers()
  // Time does not begin at 0.
  jest.advanceTimersByTime(1)
})

afterEach(() => {
  jest.useRealTimers()
})

const bounded = (over: MiddlewareOptions): TestPolicy => policyOf({ zone: zoneOf(), limit: 1, ...over })
const causesOf = (policy: TestPolicy): number[] =>
  policy.zones.flatMap((zone) => [zone.stats().expired, zone.stats().idled])

describe('closeOverdue', () => {
  it('closes what was open for maxLifetimeMs since it was let in, and not a moment before', () => {
    const onEvict = jest.fn()
    const policy = bounded({ maxLifetimeMs: 1_000, onEvict })
    const [holder, parcel] = carried()
    jest.advanceTimersByTime(5_000)
    ask(policy, holder, 'a')
    jest.advanceTimersByTime(999)
    ask(policy, holder, 'a')
    policy.closeOverdue(holder, 0)
    expect(parcel.isClosed).toBe(false)

    jest.advanceTimersByTime(1)
    policy.closeOverdue(holder, 0)
    policy.closeOverdue(holder, 0)
    expect([parcel.isClosed, policy.zones[0]!.count('a'), causesOf(policy)]).toEqual([true, 0, [1, 0]])
    expect(onEvict.mock.calls).toEqual([[parcel, 'expired']])
  })

  it('closes what was silent for maxIdleMs', () => {
    const policy = bounded({ maxIdleMs: 1_000 })
    const [holder, parcel] = carried()
    ask(policy, holder, 'a')
    policy.closeOverdue(holder, 999)
    expect(parcel.isClosed).toBe(false)
    policy.closeOverdue(holder, 1_000)
    expect([parcel.isClosed, causesOf(policy)]).toEqual([true, [0, 1]])
  })

  it('goes by the limit whose time is over, of several', () => {
    const zones = ['one', 'two', 'three'].map((name) => zoneOf({ name }))
    const policy = policyOf({
      limits: [
        { zone: zones[2]!, limit: 9 },
        { zone: zones[0]!, limit: 9, maxLifetimeMs: 2_000 },
        { zone: zones[1]!, limit: 9, maxIdleMs: 1_000 },
      ],
    })
    const holders = [1, 2].map(() => carried()[0])
    for (const holder of holders) ask(policy, holder, 'c', 'a', 'b')
    policy.closeOverdue(holders[0]!, 1_500)
    jest.advanceTimersByTime(2_000)
    policy.closeOverdue(holders[1]!, 1_500)
    expect(causesOf(policy)).toEqual([0, 0, 1, 0, 0, 1])
  })

  it.each<[string, MiddlewareOptions]>([
    ['by default', {}],
    ['in a dry run', { maxLifetimeMs: 1, maxIdleMs: 1, dryRun: true }],
  ])('closes nothing %s', (_, over) => {
    const policy = bounded(over)
    const [holder, parcel] = carried()
    ask(policy, holder, 'a')
    jest.advanceTimersByTime(10_000)
    policy.closeOverdue(holder, 10_000)
    expect(parcel.isClosed).toBe(false)
  })

  it('leaves alone what only another policy let in, and what nothing carries', () => {
    const zone = zoneOf()
    const [policy, other] = [bounded({ zone, maxIdleMs: 1 }), policyOf({ zone, limit: 9 })]
    const [theirs, parcel] = carried()
    ask(other, theirs, 'a')
    const bare = carried()[0]
    bare.carriedBy(undefined as unknown as Parcel)
    ask(policy, bare, 'b')
    for (const holder of [theirs, bare]) policy.closeOverdue(holder, 5)
    expect([parcel.isClosed, bare.isEnded, zone.stats().idled]).toEqual([false, false, 0])
  })

  it('obeys a bound that was changed, for what is open too', () => {
    const policy = bounded({ maxLifetimeMs: 60_000 })
    const [holder, parcel] = carried()
    ask(policy, holder, 'a')
    jest.advanceTimersByTime(2_000)
    change(policy, { maxLifetimeMs: 1_000 })
    policy.closeOverdue(holder, 0)
    expect(parcel.isClosed).toBe(true)
  })
})

describe('a bound that is set later', () => {
  it('counts from then on for what the policy had let in', () => {
    const policy = bounded({})
    const [holder, parcel] = carried()
    ask(policy, holder, 'a')
    jest.advanceTimersByTime(5_000)
    change(policy, { maxLifetimeMs: 1_000 })
    jest.advanceTimersByTime(999)
    policy.closeOverdue(holder, 0)
    expect(parcel.isClosed).toBe(false)
    jest.advanceTimersByTime(1)
    policy.closeOverdue(holder, 0)
    expect(parcel.isClosed).toBe(true)
  })

  it('counts for what others had let in from when it asks here', () => {
    const zone = zoneOf()
    const [policy, other] = [bounded({ zone }), policyOf({ zone, limit: 9 })]
    const [holder, parcel] = carried()
    ask(other, holder, 'a')
    change(policy, { maxLifetimeMs: 1_000 })
    jest.advanceTimersByTime(900)
    ask(policy, holder, 'a')
    jest.advanceTimersByTime(900)
    policy.closeOverdue(holder, 0)
    expect(parcel.isClosed).toBe(false)
  })

  it.each<[MiddlewareOptions, boolean, boolean]>([
    [{ maxLifetimeMs: 1_000 }, false, false],
    [{ maxIdleMs: 1_000 }, true, false],
    [{ onLimit: 'evict-idle' }, true, true],
  ])('%j heeds what is open (%p), also what others let in (%p)', (over, mine, theirs) => {
    const zone = zoneOf()
    const [policy, other] = [bounded({ zone }), policyOf({ zone, limit: 9 })]
    const parcels = [policy, other].map((each) => {
      const [holder, parcel] = carried()
      ask(each, holder, 'a')
      return parcel
    })
    change(policy, over)
    expect(parcels.map(({ isHeeded }) => isHeeded)).toEqual([mine, theirs])
  })
})

describe('setConfig', () => {
  it.each([
    [5, 'setConfig options is 5; expected an object'],
    [{ closeExcess: 1 }, 'setConfig options.closeExcess is 1; expected true or false'],
    [{ closeExces: true }, 'setConfig options.closeExces is not an option; did you mean closeExcess?'],
  ])('refuses %j, and changes nothing', (options, message) => {
    const policy = bounded({})
    const { config } = policy
    expect(() => change(policy, { limit: 5 }, options as object)).toThrow(message)
    expect(policy.config).toBe(config)
  })
})
