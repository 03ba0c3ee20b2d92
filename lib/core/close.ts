import type { Farewell } from './carrier.ts'
import { tellClosed } from './channels.ts'
import type { Holder } from './holder.ts'
import { functionFailed } from './limit.ts'
import { keyShownAs, showKey } from './shown.ts'
import type { Owner } from './slot.ts'
import type { Cause } from './stats.ts'
import type { Zone } from './zone.ts'

/** Closes what carried a holder that has ended. */
export type Closing = () => void

/** Closes holders for a cause that counts in these zones; returns how many could be closed. */
export function closeAll(holders: Iterable<Holder>, cause: Cause, zones: readonly Zone[]): number {
  const closings = Array.from(holders, (holder) => endFor(holder, cause, zones))
  for (const close of closings) close?.()
  return closings.filter((close) => close !== undefined).length
}

/**
 * Ends a holder: its slots are free from now on, and nothing of anybody else's has run yet. What it returns closes what
 * carried it. Undefined, and nothing is done, where nothing can be closed.
 */
export function endFor(holder: Holder, cause: Cause, zones: readonly Zone[]): Closing | undefined {
  const { carrier } = holder
  if (!carrier || carrier.isStuck || holder.isEnded) return undefined

  const farewells = farewellsOf(holder)
  for (const zone of zones) zone.tally(cause)
  holder.end(cause)
  return function close() {
    carrier.close(farewells.size > 0 ? all(farewells, cause) : undefined)
    for (const { name } of zones) tellClosed({ zone: name, cause })
  }
}

/** Closes what holds slots under the live keys that people see so; returns how many were closed. */
export function kickShown(zone: Zone, shown: string): number {
  const slots = keysShown(zone, shown).flatMap((key) => zone.slotsUnder(key))
  return closeAll(new Set(slots.map(({ holder }) => holder)), 'kicked', [zone])
}

/** Of an address and a text that look the same, both. All keys are only hashed for a hash that was not shown lately. */
function keysShown(zone: Zone, shown: string): string[] {
  const isShown = (key: string): boolean => zone.activeUnder(key) > 0 && showKey(key, zone.showing) === shown
  const plain = ['a', 't', 'h'].map((tag) => `${tag}:${shown}`).filter(isShown)
  if (plain.length > 0 || !/^(?:ip|key)#/.test(shown)) return plain

  const known = keyShownAs(shown)
  return known === undefined ? [...zone.liveKeys].filter(isShown) : [known].filter(isShown)
}

/** Closes the newest that an owner has admitted in a zone, until no key has more than `max` slots. */
export function trim(zone: Zone, owner: Owner, max: number): void {
  for (const record of zone.records) {
    if (record.active <= max) continue
    const newestFirst = [...record.slots()].toReversed().filter((slot) => slot.claimOf(owner))
    for (const { holder } of newestFirst) {
      if (record.active <= max) break
      closeAll([holder], 'trimmed', [zone])
    }
  }
}

/** The holders that an owner has admitted, with the zones in which it did. */
export function openIn(zones: readonly Zone[], owner: Owner): ReadonlyMap<Holder, readonly Zone[]> {
  const open = new Map<Holder, Zone[]>()
  for (const zone of zones) {
    for (const record of zone.records) {
      for (const slot of record.slots()) {
        const entered = open.get(slot.holder) ?? []
        if (slot.claimOf(owner) && !entered.includes(zone)) open.set(slot.holder, [...entered, zone])
      }
    }
  }
  return open
}

/** `onEvict`, as it is called. */
export type CauseFarewell = (socket: never, cause: Cause) => unknown

/** What is said to a client by those who had admitted it: each function once. */
type Farewells = ReadonlyMap<CauseFarewell, Owner>

function farewellsOf(holder: Holder): Farewells {
  const farewells = new Map<CauseFarewell, Owner>()
  for (const { claims, zone } of holder.slots) {
    for (const { owner } of claims) {
      const farewell = owner.limitOn(zone)?.onEvict
      if (farewell) farewells.set(farewell, owner)
    }
  }
  return farewells
}

/** One that fails keeps no other from being called; where all fail there is nothing to wait for. */
function all(farewells: Farewells, cause: Cause): Farewell {
  return async function tell(socket) {
    const said = Array.from(farewells, async ([farewell, owner]) => {
      try {
        await farewell(socket as never, cause)
        return true
      } catch (error) {
        owner.report(functionFailed('options.onEvict', error))
        return false
      }
    })
    if (!(await Promise.all(said)).includes(true)) throw new Error('no farewell was said')
  }
}
