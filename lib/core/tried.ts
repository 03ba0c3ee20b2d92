import type { Holder } from './holder.ts'
import type { Ask } from './limit.ts'
import { isTaken, type Entry, type Look } from './look.ts'
import type { Place } from './trials.ts'

// Who arrives, for the limits that are tried beside those in force. The keys of one limit, such as the subnets of one address, are
// one arrival; of a single key `take` tells by itself.

/** Slots were taken. */
export function tryTogether({ holder, asks }: Entry, looks: readonly Look[]): void {
  for (const ask of asks) {
    if (ask.keys.length < 2) continue
    const fresh = looks.filter((look) => look.ask === ask && !look.slot && isTaken(look))
    const slots = fresh.map(({ key }) => holder.find(ask.limit.zone, key)!)
    if (slots.length > 0)
      ask.limit.zone.trials.arrivedUnder(slots.map((slot) => ({ record: slot.record, slot })))
  }
}

/** No slot was taken: the zone is full, or the holder has too many keys. */
export function tryFull(holder: Holder, ask: Ask): void {
  ask.limit.zone.trials.arrivedUnder(placesOf(holder, ask))
}

/** Each zone hears of an arrival that one of them refused: the limits that are tried there might have, as well. */
export function tryRefused({ holder, asks }: Entry, refusal: Look): void {
  for (const ask of asks) {
    const { zone } = ask.limit
    const places = placesOf(holder, ask)
    if (refusal.ask === ask && refusal.finding === 'over') zone.trials.turnedAway(ask.max, places)
    const fresh = ask.keys.filter((key, i) => !places[i]!.slot && holder.isNewlyRefused(zone, key))
    if (fresh.length > 0) zone.trials.arrivedUnder(places.filter(({ slot }) => !slot))
  }
}

function placesOf(holder: Holder, { keys, limit: { zone } }: Ask): Place[] {
  return keys.map((key) => ({ record: zone.recordOf(key), slot: holder.find(zone, key) }))
}
