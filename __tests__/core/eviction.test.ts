import { describe, expect, it } from '@jest/globals'
import { carried } from '../helpers/carrier.ts'
import { closedOf, evicting, fill, newcomer } from '../helpers/evicting.ts'
import { ask, change, policyOf, zoneOf } from '../helpers/policies.ts'

describe('an eviction', () => {
  it('is told as a hit of its limit, once for each that was closed', () => {
    const policy = evicting('evict-oldest', 3)
    fill(policy, [{}, {}, {}])
    change(policy, { limit: 2 })
    const [zone] = policy.zones
    const hit = { zone, key: 't:a', kind: 'evicted', limit: 2 }
    expect(ask(policy, newcomer(), 'a').hits).toEqual([hit, hit])
    expect(zone!.stats()).toMatchObject({ passed: 4, evicted: 2, rejected: 0, rejectedDryRun: 0, active: 2 })
  })

  it('closes what another policy let in on the same zone', () => {
    const zone = zoneOf()
    const [open, strict] = [
      policyOf({ zone, limit: 9 }),
      policyOf({ zone, limit: 2, onLimit: 'evict-oldest' }),
    ]
    const filled = fill(open, [{}, {}, {}])
    expect(ask(strict, newcomer(), 'a').decision).toMatchObject({ status: 'PASSED', active: 2 })
    expect(closedOf(filled)).toEqual([0, 1])
  })

  it('leaves the slot that the newcomer has there by another policy', () => {
    const zone = zoneOf()
    const [open, strict] = [
      policyOf({ zone, limit: 9 }),
      policyOf({ zone, limit: 1, onLimit: 'evict-oldest' }),
    ]
    const filled = fill(open, [{}, {}])
    const [holder, parcel] = carried()
    ask(open, holder, 'a')
    expect(ask(strict, holder, 'a').decision).toMatchObject({ status: 'PASSED', active: 1 })
    expect([closedOf(filled), parcel.isClosed]).toEqual([[0, 1], false])
  })

  it('closes a connection and what was let in on it as one', () => {
    const zone = zoneOf()
    const [open, strict] = [
      policyOf({ zone, limit: 9 }),
      policyOf({ zone, limit: 1, onLimit: 'evict-oldest' }),
    ]
    const [connection, parcel] = carried()
    const [upgraded] = carried({}, connection)
    for (const holder of [connection, upgraded]) ask(open, holder, 'a')
    expect(ask(strict, newcomer(), 'a').decision.passed).toBe(true)
    expect([parcel.isClosed, upgraded.isEnded, zone.stats().evicted, zone.count('a')]).toEqual([
      true,
      true,
      1,
      1,
    ])
  })
})
