import { EventEmitter } from 'node:events'
import { expect, it } from '@jest/globals'
import { knownHolder } from '../../lib/core/source.ts'
import { Limiter, Zone, type Decision } from '../../lib/index.ts'

/** A source that closes when it is destroyed. */
class Thing extends EventEmitter {
  destroyed = false

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

const zones = (): [Zone, Zone] => [new Zone({ name: 'one' }), new Zone({ name: 'two' })]
const limiterOf = (...on: readonly Zone[]): Limiter =>
  new Limiter({ limits: on.map((zone) => ({ zone, key: () => 'a', limit: 9 })) })
const accept = (limiter: Limiter, thing: Thing): Decision => limiter.accept(thing) as Decision
const countsOf = (...on: readonly Zone[]): number[] => on.map((zone) => zone.count('a'))

it('gives back the slots of all its limits', () => {
  const [one, two] = zones()
  accept(limiterOf(one, two), new Thing()).lease!.release()
  expect(countsOf(one, two)).toEqual([0, 0])
})

it('leaves what another limiter has in another zone', () => {
  const [one, two] = zones()
  const thing = new Thing()
  const { lease } = accept(limiterOf(one), thing)
  accept(limiterOf(two), thing)
  lease!.release()
  expect(countsOf(one, two)).toEqual([0, 1])
})

it('ends the claim of its own limiter on a slot that two have, and not that of the other', () => {
  const [zone] = zones()
  const [first, second] = [limiterOf(zone), limiterOf(zone)]
  const things = [new Thing(), new Thing()]
  const leases = [first, second].map((limiter) => things.map((thing) => accept(limiter, thing).lease!))
  for (const lease of leases[1]!) lease.release()

  const lower = { limits: [{ zone, key: () => 'a', limit: 1 }] }
  second.setConfig(lower, { closeExcess: true })
  expect(things.map(({ destroyed }) => destroyed)).toEqual([false, false])
  first.setConfig(lower, { closeExcess: true })
  expect(things.map(({ destroyed }) => destroyed)).toEqual([false, true])
})

it('is forgotten by its source once it was released, however often that is accepted', () => {
  const [one, two] = zones()
  const [first, second] = [limiterOf(one), limiterOf(two)]
  const thing = new Thing()
  const kept = accept(first, thing).lease
  for (let i = 0; i < 3; i++) accept(second, thing).lease!.release()
  const last = accept(second, thing).lease
  expect(knownHolder(thing)!.leases).toEqual([kept, last])
  expect([accept(first, thing).lease, accept(second, thing).lease]).toEqual([kept, last])
})

it.each([undefined, null, 5, 'socket', {}])('is not given for %p, which is no source', (source) => {
  expect(accept(limiterOf(...zones()), source as never)).toMatchObject({
    status: undefined,
    passed: false,
    error: { code: 'ERR_LIMIT_CONN_INVALID_SOURCE' },
  })
})

it('of a limiter that was made from another is its own', () => {
  const [one, two] = zones()
  const limiter = limiterOf(one)
  const extended = limiter.extend({ limits: [{ zone: two, key: () => 'a', limit: 1 }] })
  const thing = new Thing()
  const leases = [limiter, extended].map((each) => accept(each, thing).lease!)
  leases[0]!.release()
  expect([countsOf(one, two), extended.config.limits!.length]).toEqual([[0, 1], 1])
})
