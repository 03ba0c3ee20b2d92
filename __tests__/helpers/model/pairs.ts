import { Holder } from '../../../lib/core/holder.ts'
import { Parcel } from '../carrier.ts'
import type { Model } from './model.ts'
import { Party } from './party.ts'
import type { Step } from './steps.ts'

/** Somebody as the model knows it, and the real thing. */
export type Pair = readonly [Party, Holder]

/** A connection; what carries it ends it when it is closed. */
export function aConnection(model: Model, { number, isCalm }: Step): Pair {
  const parcel = Object.assign(new Parcel(), { isOwn: number !== 2, quietSinceMs: number })
  if (!isCalm) parcel.state = 'busy'
  const holder = new Holder()
  if (number === 3) return [new Party(), holder]

  const party = new Party(undefined, parcel)
  holder.carriedBy(parcel)
  parcel.whenClosed = () => holder.end()
  model.aboard.set(parcel, party)
  return [party, holder]
}

/** A request, carried by nothing, by something that is not its own, or, upgraded, by its connection. */
export function aRequest([parent, connection]: Pair, { number }: Step): Pair {
  const kinds = [undefined, undefined, Object.assign(new Parcel(), { isOwn: false }), parent.vessel]
  const vessel = kinds[number % kinds.length] as Parcel | undefined
  const pair: Pair = [new Party(parent, vessel), new Holder(connection)]
  if (vessel) pair[1].carriedBy(vessel)
  return pair
}

export function touch([{ vessel }]: Pair, { number, isCalm }: Step): void {
  if (vessel) Object.assign(vessel, { quietSinceMs: number, state: isCalm ? 'raw' : 'busy' })
}

/** It has ended, and nobody is told. */
export function lose(model: Model, [{ vessel }]: Pair): void {
  if (!vessel || model.closed.has(vessel)) return
  model.lost.add(vessel)
  Object.assign(vessel, { health: 'gone' })
}
