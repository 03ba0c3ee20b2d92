import type { Holder } from './holder.ts'
import type { Ask } from './limit.ts'
import { isTaken, type Entry, type Look } from './look.ts'
import type { Place } from './trials.ts'

// Who arrives, for the limits that are tried beside those in force. The keys of one limit, such as the subnets of one address, are
// one arrival; of a single key `take` tells by itself.

/** Slots were taken; a candidate that has refused the holder under a key that it keeps lets it in under none. */
export function tryTogether({ holder, asks }: Entry, looks: readonly Look[]): void {
  for (const ask of asks) {
    if (ask.keys.length < 2) continue
    const { zone } = ask.limit
    const own = looks.filter((look) => look.ask === ask)
    const slots = own.filter((look) => !look.slot && isTaken(look)).map(({ key }) => holder.find(zone, key)!)
    const kept = own.flatMap(({ slot }) => slot ?? [])
    const places = slots.map((slot) => ({ record: slot.record, slot }))
    if (places.length > 0) zone.trials.arrivedUnder(places, kept)
  }
}

/** Each zone hears of an arrival that one of them refused: the limits that are tried there might have, as well. */
export function tryRefused({ holder, asks }: Entry, refusal: Look): void {
  for (const ask of asks) {
    if (refusal.ask === ask && refusal.finding === 'over')
      ask.limit.zone.trials.turnedAway(ask.max, placesOf(holder, ask))
    tryWithout(holder, ask)
  }
}

/** No slot was taken: a limit refuses the holder, the zone is full, or it has too many keys. It arrives once under each key. */
export function tryWithout(holder: Holder, ask: Ask): void {
  const { zone } = ask.limit
  const places = placesOf(holder, ask).filter(({ slot }) => !slot)
  const fresh = ask.keys.filter((key) => !holder.find(zone, key) && holder.isNewlyRefused(zone, key))
  if (fresh.length > 0) zone.trials.arrivedUnder(places)
}

function placesOf(holder: Holder, { keys, limit: { zone } }: Ask): Place[] {
  return keys.map((key) => ({ record: zone.recordOf(key), slot: holder.find(zone, key) }))
}
