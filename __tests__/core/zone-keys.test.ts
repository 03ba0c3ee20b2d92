import { EventEmitter } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { Limiter, Zone } from '../../lib/index.ts'
import { Holder } from '../../lib/core/holder.ts'
import { ask, policyOf, zoneOf } from '../helpers/policies.ts'

describe('an IPv6 address is read', () => {
  const subnets = ['2001:db8::/48', '2001:db8:0:100::/56', '2001:db8:0:100::/64']

  it.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 2, 0]]])(
    'as its narrowest subnet that holds a slot, where those came as %j',
    (order) => {
      const zone = zoneOf()
      for (const index of order)
        for (let i = index; i < subnets.length; i++) zone.take(`a:${subnets[index]}`, new Holder())

      const read = ['2001:db8:0:100::1', '2001:db8:0:1ff::1', '2001:db8:0:200::1']
      expect(read.map((address) => zone.count(address))).toEqual([1, 2, 3])
    },
  )

  it('as a wider subnet where the narrower one holds none', () => {
    const zone = zoneOf()
    zone.take('a:2001:db8::/48', new Holder())
    zone.take('a:2001:db8:0:1::/64', new Holder())
    expect(zone.count('2001:db8:0:2::1')).toBe(1)
  })

  it('as that of byIp(), where no subnet was seen: other processes may hold it', () => {
    const zone = zoneOf()
    const usual = ['a:2001:db8::/56']
    expect(zone.keysFor('2001:db8::1')).toEqual(usual)
    for (const key of ['t:2001:db8::1', 'a:192.0.2.1']) zone.take(key, new Holder())
    expect(zone.keysFor('2001:db8::1')).toEqual(usual)
  })
})

it('a refusal counts under an idle key, and keeps it from being forgotten no longer than others', () => {
  const zone = zoneOf({ maxIdle: 2 })
  const policy = policyOf({ zone, limit: () => 0 })
  for (const key of ['t:a', 't:b']) zone.release(zone.take(key, new Holder()))
  expect(ask(policy, new Holder(), 'a').decision.passed).toBe(false)
  const rejected = (): object => Object.fromEntries(zone.top().map((top) => [top.key, top.rejected]))
  expect(rejected()).toEqual({ a: 1, b: 0 })
  zone.release(zone.take('t:c', new Holder()))
  expect(rejected()).toEqual({ b: 0, c: 0 })
})

it('a zone that tries no limits starts again with reset, too', () => {
  const zone = zoneOf({ candidates: [] })
  const policy = policyOf({ zone, limit: 1 })
  const [first] = [new Holder(), new Holder()].map((holder) => {
    ask(policy, holder, 'a')
    return holder
  })
  expect(zone.top()).toMatchObject([{ active: 1, rejected: 1 }])
  zone.reset()
  expect(zone.top()).toMatchObject([{ active: 1, rejected: 0 }])
  first!.end()
})

it('tells for how long the oldest slot of a key has been taken', () => {
  const zone = zoneOf()
  const sinceMs = performance.now()
  for (let n = 0; n < 2; n++) zone.take('t:a', new Holder())
  const { oldestMs } = zone.top()[0]!
  expect(oldestMs).toBeGreaterThanOrEqual(0)
  // Slots know the millisecond in which they were taken, not what part of it.
  expect(oldestMs).toBeLessThanOrEqual(performance.now() - sinceMs + 1.5)
})

it('a key that finds the zone full is not told as one that exceeded its limit', () => {
  const zone = zoneOf({ max: 1 })
  const policy = policyOf({ zone, limit: 1 })
  const [first, second] = [new Holder(), new Holder()]
  ask(policy, first, 'a')
  first.end()
  ask(policy, second, 'b')
  expect(ask(policy, new Holder(), 'b').decision.passed).toBe(false)
  expect(ask(policy, new Holder(), 'a').decision.passed).toBe(false)
  expect(zone.stats()).toMatchObject({ rejected: 1, exhausted: 1 })
  expect(zone.top().map(({ key, rejected }) => [key, rejected])).toEqual([
    ['b', 1],
    ['a', 0],
  ])
})

it('tells first the keys with the most slots, of those alike first the one with the highest peak', () => {
  const zone = zoneOf()
  const slots = ['a', 'b', 'b', 'b', 'c', 'c', 'd', 'd'].map((key) => zone.take(`t:${key}`, new Holder()))
  zone.release(slots.at(-1)!)
  expect(zone.top().map(({ key, active, peak }) => [key, active, peak])).toEqual([
    ['b', 3, 3],
    ['c', 2, 2],
    ['d', 1, 2],
    ['a', 1, 1],
  ])
})

it('the busiest keys tell whom only a dry run let in, and start again with reset', () => {
  const zone = new Zone({ name: 'z' })
  const limiter = new Limiter({ zone, limit: 1, dryRun: true, key: () => 'a' })
  const sources = Array.from({ length: 3 }, () => new EventEmitter())
  for (const source of sources) limiter.accept(source)
  expect(zone.top()).toMatchObject([{ key: 'a', active: 3, rejected: 0, rejectedDryRun: 2 }])
  zone.reset()
  expect(zone.top()).toMatchObject([{ key: 'a', active: 3, rejected: 0, rejectedDryRun: 0 }])
  for (const source of sources) source.emit('close')
  expect(zone.stats().active).toBe(0)
})
