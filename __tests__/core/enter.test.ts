import { describe, expect, it } from '@jest/globals'
import type { Outcome } from '../../lib/core/decision.ts'
import { Holder } from '../../lib/core/holder.ts'
import type { Evaluation } from '../../lib/core/limit.ts'
import { Policy, type Parsed } from '../../lib/core/policy.ts'
import type { Source } from '../../lib/core/source.ts'
import type { ZoneStats } from '../../lib/core/stats.ts'
import { Zone, type ZoneOptions } from '../../lib/core/zone.ts'
import { byIp } from '../../lib/index.ts'
import { mergeOptions } from '../../lib/options/merge.ts'
import { limiterConfig, type SourceOptions } from '../../lib/options/policy.ts'

type TestPolicy = Policy<SourceOptions, Parsed<SourceOptions>>

/** A source that brings its keys along: one for each limit, by position. */
interface Asking extends Source {
  readonly keys: readonly string[]
}

const nth =
  (index: number) =>
  ({ keys }: Asking): string | undefined =>
    keys[index]
const key = nth(0)
const zoneOf = (options: Partial<ZoneOptions> = {}): Zone => new Zone({ name: 'z', ...options })
const policyOf = (options: SourceOptions): TestPolicy => new Policy(options, limiterConfig)

/** A holder asks to come in under its keys; with a request, that request needs the slots. */
function ask(policy: TestPolicy, holder: Holder, ...keys: readonly (string | Holder)[]): Outcome {
  const request = keys.find((one) => one instanceof Holder)
  const texts = keys.filter((one) => typeof one === 'string')
  return policy.enter(holder, policy.evaluate([{ keys: texts }]) as Evaluation, request)
}

/** Holders that fill a zone under a key, by a policy that does not limit them. */
function fill(zone: Zone, text: string, n: number): Holder[] {
  const filler = policyOf({ zone, key, limit: 1_000 })
  const holders = Array.from({ length: n }, () => new Holder())
  for (const holder of holders) ask(filler, holder, text)
  return holders
}

const numbersOf = (zones: readonly Zone[]): (ZoneStats & { top: unknown })[] =>
  zones.map((zone) => ({ ...zone.stats(), top: zone.top(9).map((top) => ({ ...top, oldestMs: 0 })) }))

describe('several limits', () => {
  const places = [1, 2, 3, 4].flatMap((n) => Array.from({ length: n }, (_, k) => [k + 1, n] as const))

  it.each(places)('A-08, F24: takes nothing when limit %i of %i refuses', (k, n) => {
    const zones = Array.from({ length: n }, (_, index) => zoneOf({ name: `z${index + 1}` }))
    for (const [index, zone] of zones.entries()) fill(zone, 'a', index === k - 1 ? 2 : 1)
    const policy = policyOf({ limits: zones.map((zone) => ({ zone, key, limit: 2 })) })
    const before = numbersOf(zones)
    const holder = new Holder()

    const { decision, hits } = ask(policy, holder, 'a')
    expect(decision).toEqual({ status: 'REJECTED', passed: false, zone: `z${k}`, limit: 2, active: 2 })
    expect(hits).toEqual([{ zone: zones[k - 1], key: 't:a', kind: 'rejected', limit: expect.any(Number) }])

    before[k - 1] = { ...before[k - 1]!, rejected: 1, top: [expect.objectContaining({ rejected: 1 })] }
    expect(numbersOf(zones)).toEqual(before)
    expect(holder.slots).toEqual([])
  })

  it.each(places)('counts nothing for dry-run limits when limit %i of %i refuses', (k, n) => {
    const zones = Array.from({ length: n }, (_, index) => zoneOf({ name: `z${index + 1}` }))
    for (const zone of zones) fill(zone, 'a', 1)
    const limits = zones.map((zone, index) => ({ zone, key, limit: 1, dryRun: index !== k - 1 }))
    const before = numbersOf(zones)

    const { decision } = ask(policyOf({ limits }), new Holder(), 'a')
    expect(decision).toMatchObject({ status: 'REJECTED', zone: `z${k}` })
    before[k - 1] = { ...before[k - 1]!, rejected: 1, top: [expect.objectContaining({ rejected: 1 })] }
    expect(numbersOf(zones)).toEqual(before)
  })

  it('lets the first exceeded limit decide', () => {
    const zones = ['z1', 'z2', 'z3'].map((name) => zoneOf({ name }))
    for (const zone of zones.slice(1)) fill(zone, 'a', 1)
    const policy = policyOf({ limits: zones.map((zone) => ({ zone, key, limit: 1 })) })
    expect(ask(policy, new Holder(), 'a').decision.zone).toBe('z2')
    expect(zones.map((zone) => zone.stats().rejected)).toEqual([0, 1, 0])
  })

  it('takes one slot in each, tells the one with the least room, and gives all back at the end', () => {
    const [wide, narrow] = [zoneOf({ name: 'wide' }), zoneOf({ name: 'narrow' })]
    const limits = [wide, narrow].map((zone, index) => ({ zone, key: nth(index), limit: 9 - 6 * index }))
    const policy = policyOf({ limits })
    const holder = new Holder()
    const { decision, hits } = ask(policy, holder, 'a', 'b')
    expect(decision).toEqual({ status: 'PASSED', passed: true, zone: 'narrow', limit: 3, active: 1 })
    expect([hits, wide.count('a'), narrow.count('b')]).toEqual([[], 1, 1])

    holder.end()
    holder.end()
    expect([wide.stats().active, narrow.stats().active]).toEqual([0, 0])
  })

  it('leaves out those whose key is empty, and says so where none applies', () => {
    const [one, two] = [zoneOf({ name: 'one' }), zoneOf({ name: 'two' })]
    const policy = policyOf({
      limits: [one, two].map((zone, index) => ({ zone, key: nth(index), limit: 1 })),
    })
    expect(ask(policy, new Holder(), '', 'b').decision).toMatchObject({ status: 'PASSED', zone: 'two' })
    expect(ask(policy, new Holder(), '').decision).toEqual({ status: undefined, passed: true })
    expect([one.stats(), two.stats()]).toMatchObject([
      { skipped: 2, active: 0 },
      { skipped: 1, active: 1 },
    ])
  })

  it('takes a slot in each subnet of one address, or none', () => {
    const [zone, policyKey] = [zoneOf(), byIp({ ipv6Subnet: [64, 48] })]
    const policy = policyOf({ zone, key: policyKey, limit: 2, maxKeysPerConnection: 1 })
    const from = (remoteAddress: string): Outcome =>
      policy.enter(new Holder(), policy.evaluate([{ remoteAddress }]) as Evaluation)

    for (const one of ['2001:db8:0:1::1', '2001:db8:0:2::1']) expect(from(one).decision.passed).toBe(true)
    expect(from('2001:db8:0:3::1').decision).toMatchObject({ status: 'REJECTED', active: 2 })
    expect(zone.count('2001:db8:0:3::1/64')).toBe(0)
    expect([zone.count('2001:db8:0:1::/64'), zone.count('2001:db8::/48')]).toEqual([1, 2])
  })
})

describe('a dry run', () => {
  it('takes its slot even above the limit, and shows the true overshoot', () => {
    const policy = policyOf({ zone: zoneOf(), key, limit: 1, dryRun: true })
    const statuses = [1, 2, 3].map(() => ask(policy, new Holder(), 'a').decision)
    expect(statuses.map(({ status, active }) => [status, active])).toEqual([
      ['PASSED', 1],
      ['REJECTED_DRY_RUN', 2],
      ['REJECTED_DRY_RUN', 3],
    ])
    expect(statuses.every(({ passed }) => passed)).toBe(true)
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 1, rejectedDryRun: 2, rejected: 0, active: 3 })
  })

  it('of one limit leaves the others enforced, and each counts in its own zone', () => {
    const [dry, hard] = [zoneOf({ name: 'dry' }), zoneOf({ name: 'hard' })]
    const limits = [
      { zone: dry, key, limit: 1, dryRun: true },
      { zone: hard, key, limit: 2 },
    ]
    const policy = policyOf({ limits })
    const outcomes = [1, 2, 3].map(() => ask(policy, new Holder(), 'a'))

    expect(outcomes.map(({ decision }) => [decision.status, decision.zone])).toEqual([
      ['PASSED', 'dry'],
      ['REJECTED_DRY_RUN', 'dry'],
      ['REJECTED', 'hard'],
    ])
    expect(outcomes.map(({ hits }) => hits.map(({ kind }) => kind))).toEqual([[], ['dry run'], ['rejected']])
    expect(dry.stats()).toMatchObject({ passed: 1, rejectedDryRun: 1, rejected: 0, active: 2 })
    expect(hard.stats()).toMatchObject({ passed: 2, rejectedDryRun: 0, rejected: 1, active: 2 })
  })
})

describe('policies that share a zone', () => {
  it('look with the slot that the holder has already: over is more than the limit', () => {
    const zone = zoneOf()
    const [outer, inner] = [policyOf({ zone, key, limit: 9 }), policyOf({ zone, key, limit: 2 })]
    const outcomes = [1, 2, 3].map(() => {
      const holder = new Holder()
      return [ask(outer, holder, 'a'), ask(inner, holder, 'a')].map(({ decision }) => decision.status)
    })
    expect(outcomes).toEqual([
      ['PASSED', 'PASSED'],
      ['PASSED', 'PASSED'],
      ['PASSED', 'REJECTED'],
    ])
    expect(zone.stats()).toMatchObject({ active: 3, passed: 5, rejected: 1 })
  })

  it('move their own idle slot only', () => {
    const zone = zoneOf()
    const [one, two] = [policyOf({ zone, key, limit: 9 }), policyOf({ zone, key, limit: 9 })]
    const holder = new Holder()
    ask(one, holder, 'a')
    ask(two, holder, 'a')
    ask(one, holder, 'b')
    expect([zone.count('a'), zone.count('b')]).toEqual([1, 1])
    ask(two, holder, 'b')
    expect([zone.count('a'), zone.count('b')]).toEqual([0, 1])
  })
})

describe('a holder that was admitted', () => {
  it('is not looked at again while it holds the slot, also after setConfig', () => {
    const policy = policyOf({ zone: zoneOf(), key, limit: 2 })
    const [first, second] = [new Holder(), new Holder()]
    for (const holder of [first, second]) ask(policy, holder, 'a')
    policy.setConfig({ limit: 1 }, mergeOptions)

    expect(ask(policy, first, 'a').decision).toMatchObject({ status: 'PASSED', limit: 1, active: 2 })
    expect(ask(policy, new Holder(), 'a').decision).toMatchObject({ status: 'REJECTED', limit: 1, active: 2 })
    ask(policy, first, 'b')
    expect(ask(policy, first, 'a').decision).toMatchObject({ status: 'REJECTED', active: 1 })
  })

  it('is counted once for each policy, not for each request', () => {
    const [one, two] = [1, 2].map(() => policyOf({ zone: zoneOf(), key, limit: 1, dryRun: true }))
    const [within, above] = [new Holder(), new Holder()]
    const told = ['a', 'a', 'b', 'b', 'a'].map((text) => ask(one!, within, text).hits.length)
    ask(two!, within, 'a')
    fill(one!.zones[0]!, 'c', 1)
    fill(one!.zones[0]!, 'd', 1)
    const toldAbove = ['c', 'c', 'd', 'c'].map((text) => ask(one!, above, text).hits.length)

    expect([told, toldAbove]).toEqual([
      [0, 0, 0, 0, 0],
      [1, 0, 0, 0],
    ])
    expect(one!.zones[0]!.stats()).toMatchObject({ passed: 3, rejectedDryRun: 1 })
    expect(two!.zones[0]!.stats()).toMatchObject({ passed: 1 })
  })

  it('holds a slot under its latest key, and gives the older one back after it has the new one', () => {
    const policy = policyOf({ zone: zoneOf(), key, limit: 1 })
    const [zone, holder, other] = [policy.zones[0]!, new Holder(), new Holder()]
    ask(policy, holder, 'a')
    ask(policy, other, 'b')
    expect(ask(policy, holder, 'b').decision.status).toBe('REJECTED')
    expect([zone.count('a'), zone.count('b')]).toEqual([1, 1])
    expect(ask(policy, holder, 'c').decision.status).toBe('PASSED')
    expect([zone.count('a'), zone.count('c')]).toEqual([0, 1])
    expect(ask(policy, holder, '').decision.status).toBeUndefined()
    expect(zone.count('c')).toBe(1)
  })

  it('keeps the slot of an unfinished request when its key changes', () => {
    const policy = policyOf({ zone: zoneOf(), key, limit: 5 })
    const [zone, connection] = [policy.zones[0]!, new Holder()]
    const [slow, quick] = [new Holder(connection), new Holder(connection)]
    ask(policy, connection, 'a', slow)
    ask(policy, connection, 'decoy', quick)
    quick.end()
    expect([zone.count('a'), zone.count('decoy')]).toEqual([1, 1])
    slow.end()
    expect([zone.count('a'), zone.count('decoy')]).toEqual([0, 1])
    connection.end()
    expect(zone.stats()).toMatchObject({ active: 0, keys: 0 })
  })
})

describe('maxKeysPerConnection', () => {
  it.each([false, true])('bounds the slots of a connection in a zone, with a dry run: %s', (dryRun) => {
    const policy = policyOf({ zone: zoneOf(), key, limit: 9, dryRun, maxKeysPerConnection: 2 })
    const [zone, connection] = [policy.zones[0]!, new Holder()]
    const requests = ['a', 'b'].map((text) => {
      const request = new Holder(connection)
      ask(policy, connection, text, request)
      return request
    })

    const { decision } = ask(policy, connection, 'c', new Holder(connection))
    expect(decision.status).toBe(dryRun ? 'REJECTED_DRY_RUN' : 'REJECTED')
    expect(zone.stats()).toMatchObject({
      active: 2,
      rejected: dryRun ? 0 : 1,
      rejectedDryRun: dryRun ? 1 : 0,
    })
    expect(ask(policy, connection, 'a').decision.status).toBe('PASSED')

    requests[1]!.end()
    expect(ask(policy, connection, 'c', new Holder(connection)).decision.status).toBe('PASSED')
    expect(['a', 'b', 'c'].map((text) => zone.count(text))).toEqual([1, 0, 1])
  })
})

describe('a holder that was refused', () => {
  it('is counted once for each policy, not for each request', () => {
    const policy = policyOf({ zone: zoneOf(), key, limit: 1 })
    fill(policy.zones[0]!, 'a', 1)
    const holder = new Holder()
    expect([1, 2, 3].map(() => ask(policy, holder, 'a').decision.passed)).toEqual([false, false, false])
    expect(policy.zones[0]!.stats().rejected).toBe(1)
  })
})

describe('a full zone', () => {
  it.each([
    { onFull: 'reject', dryRun: false, status: 'REJECTED', passed: false },
    { onFull: 'pass', dryRun: false, status: 'PASSED', passed: true },
    { onFull: 'reject', dryRun: true, status: 'REJECTED_DRY_RUN', passed: true },
    { onFull: 'pass', dryRun: true, status: 'PASSED', passed: true },
  ] as const)('with onFull $onFull and dryRun $dryRun answers a new key with $status', (row) => {
    const { onFull, dryRun, status, passed } = row
    const policy = policyOf({ zone: zoneOf({ max: 2, onFull }), key, limit: 2, dryRun })
    const [zone, holder] = [policy.zones[0]!, new Holder()]
    for (const text of ['a', 'b']) ask(policy, new Holder(), text)

    const { decision, hits } = ask(policy, holder, 'c')
    expect(decision).toEqual({ status, passed, zone: 'z', limit: 2, active: 0 })
    expect(hits).toEqual([{ zone, key: 't:c', kind: 'exhausted', limit: expect.any(Number) }])
    expect(zone.stats()).toMatchObject({ exhausted: 1, rejected: 0, rejectedDryRun: 0, passed: 2, keys: 2 })
    expect([holder.slots, zone.count('c')]).toEqual([[], 0])
    expect(ask(policy, new Holder(), 'a').decision).toMatchObject({ status: 'PASSED', active: 2 })
  })
})
