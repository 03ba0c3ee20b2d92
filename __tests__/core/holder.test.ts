import { expect, it, jest } from '@jest/globals'
import { Holder } from '../../lib/core/holder.ts'
import type { Slot } from '../../lib/core/slot.ts'
import type { Zone } from '../../lib/core/zone.ts'
import { carried, Parcel } from '../helpers/carrier.ts'
import { zoneOf } from '../helpers/policies.ts'

/** A slot that a holder has. */
function slotOf(zone: Zone, key: string, holder = new Holder()): Slot {
  const slot = zone.take(`t:${key}`, holder)
  holder.hold(slot)
  return slot
}

it('gives back once what a request needed, however often it asked and ends', () => {
  const zone = zoneOf()
  const slot = slotOf(zone, 'a')
  const [request, other] = [new Holder(slot.holder), new Holder(slot.holder)]
  for (const one of [request, request, other]) one.use(slot)
  expect(slot.uses).toBe(2)

  const listener = jest.fn()
  request.onEnd(listener)
  request.end()
  request.end()
  expect([slot.uses, zone.count('a'), listener.mock.calls.length]).toEqual([1, 1, 1])
  other.end()
  expect([slot.uses, zone.count('a')]).toEqual([0, 0])
})

it('keeps the others where a slot is given back twice', () => {
  const holder = new Holder()
  const [first, second] = ['a', 'b'].map((key) => slotOf(zoneOf(), key, holder))
  for (let i = 0; i < 2; i++) holder.giveBackIfIdle(first!)
  expect(holder.slots).toEqual([second])
})

it('ends all its requests, also where the end of one begins another', () => {
  const zone = zoneOf()
  const connection = new Holder()
  const requests = ['a', 'b', 'c'].map((key) => slotOf(zone, key, new Holder(connection)).holder)
  requests[2]!.onEnd(() => expect(new Holder(connection).isEnded).toBe(true))
  connection.end()
  expect(requests.map(({ isEnded }) => isEnded)).toEqual([true, true, true])
  expect([zone.stats().active, connection.hasChildren]).toEqual([0, false])
})

it('tells its requests, the latest first, without those that have ended', () => {
  const connection = new Holder()
  expect([connection.hasChildren, [...connection.children]]).toEqual([false, []])
  const [first, second, third] = [1, 2, 3].map(() => new Holder(connection))
  expect([connection.hasChildren, [...connection.children]]).toEqual([true, [third, second, first]])
  second!.end()
  expect([...connection.children]).toEqual([third, first])
  third!.end()
  first!.end()
  expect([connection.hasChildren, [...connection.children]]).toEqual([false, []])
})

it('is gone when it has ended, carried or not', () => {
  const holders = [new Holder(), carried()[0]]
  expect(holders.map((holder) => holder.pulse())).toEqual(['open', 'open'])
  for (const holder of holders) holder.end()
  expect(holders.map((holder) => holder.pulse())).toEqual(['gone', 'gone'])
})

it('is new to each who asks, once', () => {
  const [holder, one, other] = [new Holder(), {}, {}]
  expect([one, other, one, other].map((who) => holder.isNewTo(who))).toEqual([true, true, false, false])
})

it.each([
  [0, false],
  [5, true],
])('carried by another, after one that was silent since %p, is heeded: %p', (quietSinceMs, isHeeded) => {
  const [[holder], next] = [carried({ quietSinceMs }), new Parcel()]
  holder.carriedBy(next)
  expect([holder.carrier === next, next.isHeeded]).toEqual([true, isHeeded])
})
