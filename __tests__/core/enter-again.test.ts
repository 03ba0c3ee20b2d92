import { describe, expect, it } from '@jest/globals'
import type { Decision } from '../../lib/core/decision.ts'
import { Holder } from '../../lib/core/holder.ts'
import { byIp, type Zone } from '../../lib/index.ts'
import { ask, change, evaluationOf, policyOf, zoneOf, type TestPolicy } from '../helpers/policies.ts'

/** Asks for a connection, as a request of it that does not end by itself. */
function request(policy: TestPolicy, connection: Holder, ...keys: readonly string[]): Holder {
  const holder = new Holder(connection)
  expect(policy.enter(connection, evaluationOf(policy, keys), holder).decision.passed).toBe(true)
  return holder
}

const decisionOf = (policy: TestPolicy, holder: Holder, ...keys: readonly string[]): Decision =>
  ask(policy, holder, ...keys).decision
const countsOf = (zone: Zone, ...keys: readonly string[]): number[] => keys.map((key) => zone.count(key))

/** The key of a source is its text, or all subnets of the address that it is. */
const subnets = (source: object): ReturnType<ReturnType<typeof byIp>> => {
  const [text] = (source as { readonly keys: readonly [string] }).keys
  return text.includes(':') ? byIp({ ipv6Subnet: [64, 48] })({ remoteAddress: text }) : (text as never)
}
const both = ['2001:db8:0:1::/64', '2001:db8::/48']

describe('a connection that was let in, and asks again', () => {
  it('is looked at by a limit whose key was empty before', () => {
    const [one, two] = [zoneOf(), zoneOf({ name: 'two' })]
    const policy = policyOf({
      limits: [
        { zone: one, limit: 9 },
        { zone: two, limit: 1 },
      ],
    })
    const holder = new Holder()
    expect(decisionOf(policy, new Holder(), '', 'x').passed).toBe(true)
    expect(decisionOf(policy, holder, 'a', '').passed).toBe(true)
    expect(decisionOf(policy, holder, 'a', 'x')).toMatchObject({ status: 'REJECTED', zone: 'two' })
  })

  it('is looked at in a subnet that is counted only now', () => {
    const from = (policy: TestPolicy, holder: Holder, remoteAddress: string): boolean =>
      policy.enter(holder, policy.evaluate([{ socket: { remoteAddress } }]) as never).decision.passed
    const policy = policyOf({ zone: zoneOf(), limit: 1, key: byIp({ ipv6Subnet: 64 }) })
    const [holder, other] = [new Holder(), new Holder()]
    expect(from(policy, holder, '2001:db8:0:1::1')).toBe(true)
    change(policy, { key: byIp({ ipv6Subnet: [64, 48] }) })
    expect(from(policy, other, '2001:db8:0:2::1')).toBe(true)
    expect(from(policy, holder, '2001:db8:0:1::1')).toBe(false)
  })

  it('counts in the zone that the limit has by now', () => {
    const [one, two] = [zoneOf(), zoneOf()]
    const [policy, holder] = [policyOf({ zone: one, limit: 1 }), new Holder()]
    ask(policy, holder, 'a')
    change(policy, { zone: two })
    expect([decisionOf(policy, holder, 'a').passed, two.count('a')]).toEqual([true, 1])
  })

  it('has one slot under its latest keys, with two limits too, and none under those before', () => {
    const [one, two] = [zoneOf(), zoneOf()]
    const policy = policyOf({ limits: [one, two].map((zone) => ({ zone, limit: 1 })) })
    const connection = new Holder()
    for (const each of [1, 2].map(() => request(policy, connection, 'a', 'x'))) each.end()
    expect([one.count('a'), two.count('x')]).toEqual([1, 1])

    ask(policy, connection, 'b', 'x')
    expect([...countsOf(one, 'a', 'b'), two.count('x')]).toEqual([0, 1, 1])
  })

  it('gives back the slot of a key in between, while an older one is needed', () => {
    const [zone, connection] = [zoneOf(), new Holder()]
    const policy = policyOf({ zone, limit: 1 })
    request(policy, connection, 'a')
    ask(policy, connection, 'b')
    expect(countsOf(zone, 'a', 'b')).toEqual([1, 1])
    ask(policy, connection, 'a')
    expect(countsOf(zone, 'a', 'b')).toEqual([1, 0])
  })

  it('gives back both subnets of an address that it has no more, and keeps one that stays', () => {
    const [zone, holder] = [zoneOf(), new Holder()]
    const policy = policyOf({ zone, limit: 1, key: subnets })
    ask(policy, holder, '2001:db8:0:1::1')
    expect(countsOf(zone, ...both)).toEqual([1, 1])
    ask(policy, holder, '2001:db8:0:2::1')
    expect(countsOf(zone, ...both)).toEqual([0, 1])
    ask(policy, holder, '2001:db9::1')
    expect([...countsOf(zone, ...both), zone.stats().active]).toEqual([0, 0, 2])
  })

  it('gives its old slot back though a dry run finds a zone full', () => {
    const [zone, full, holder] = [zoneOf(), zoneOf({ max: 1 }), new Holder()]
    const limits = [
      { zone, limit: 1 },
      { zone: full, limit: 1, dryRun: true },
    ]
    const policy = policyOf({ limits })
    ask(policy, new Holder(), '', 'x')
    ask(policy, holder, 'a', '')
    expect(decisionOf(policy, holder, 'b', 'y').status).toBe('REJECTED_DRY_RUN')
    expect(countsOf(zone, 'a', 'b')).toEqual([0, 1])
  })
})

describe('maxKeysPerConnection', () => {
  it('leaves out an idle slot that would be given back', () => {
    const policy = policyOf({ zone: zoneOf(), limit: 9, maxKeysPerConnection: 2 })
    const connection = new Holder()
    request(policy, connection, 'a')
    ask(policy, connection, 'b')
    expect(decisionOf(policy, connection, 'c').status).toBe('PASSED')
  })

  it.each([[['a']], [['a', 'b']]])('counts an idle slot that another policy needs, met by %j', (shown) => {
    const [zone, holder] = [zoneOf(), new Holder()]
    const [strict, other] = [
      policyOf({ zone, limit: 9, maxKeysPerConnection: 1 }),
      policyOf({ zone, limit: 9 }),
    ]
    ask(other, holder, 'a')
    if (shown.length > 1) ask(strict, holder, 'a')
    expect(decisionOf(strict, holder, 'b').status).toBe('REJECTED')
  })

  it('leaves out what another policy has left, and this one is about to', () => {
    const [zone, holder] = [zoneOf(), new Holder()]
    const [strict, other] = [2, 9].map((maxKeysPerConnection) =>
      policyOf({ zone, limit: 9, key: subnets, maxKeysPerConnection }),
    )
    for (const policy of [other!, strict!]) ask(policy, holder, '2001:db8:0:1::1')
    ask(other!, holder, 'b')
    expect(decisionOf(strict!, holder, 'c').status).toBe('PASSED')
    expect([...countsOf(zone, ...both, 'b', 'c')]).toEqual([0, 0, 1, 1])
  })
})

it('of two limits the one with the least room left is told, of two alike the first', () => {
  const [one, two] = [zoneOf({ name: 'one' }), zoneOf({ name: 'two' })]
  const limits = [
    { zone: one, limit: 5 },
    { zone: two, limit: 3 },
  ]
  const policy = policyOf({ limits })
  for (let i = 0; i < 2; i++) ask(policy, new Holder(), 'a', '')
  expect(decisionOf(policy, new Holder(), 'a', 'x')).toMatchObject({ zone: 'one', active: 3 })
  expect(decisionOf(policy, new Holder(), 'a', 'y')).toMatchObject({ zone: 'one', active: 4 })
})

it('whoever is ended by those who are called in before it is GONE, and counted nowhere', () => {
  const policy = policyOf({ zone: zoneOf(), limit: 2, queue: { max: 1 } })
  const [first, second, waiter, newcomer] = [new Holder(), new Holder(), new Holder(), new Holder()]
  for (const holder of [first, second]) ask(policy, holder, 'a')
  policy.enterInTurn({
    holder: waiter,
    evaluation: evaluationOf(policy, ['a']),
    decided: () => newcomer.end(),
    askAgain: () => undefined,
  })
  first.end()
  second.end()
  expect(decisionOf(policy, newcomer, 'a').status).toBe('GONE')
  expect(policy.zones[0]!.stats()).toMatchObject({ active: 1, passed: 3, rejected: 0 })
})
