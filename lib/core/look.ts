import type { Holder } from './holder.ts'
import type { Ask } from './limit.ts'
import type { Grant } from './share.ts'
import type { Owner, Slot } from './slot.ts'

/** A holder that wants to come in. */
export interface Entry {
  readonly holder: Holder
  readonly owner: Owner
  readonly asks: readonly Ask[]
  /** Highest number of slots that the holder may have in one zone. */
  readonly maxKeys: number
  /** The request that needs the slots of its connection until it ends. */
  readonly request: Holder | undefined
}

/**
 * What a look at one key found: already held, room, no room; the zone full; too many keys of one holder; or nothing yet, for
 * other processes are to be asked.
 */
type Finding = 'held' | 'free' | 'over' | 'full' | 'crowded' | 'unasked'

export interface Look {
  readonly ask: Ask
  readonly key: string
  readonly slot: Slot | undefined
  readonly finding: Finding
}

export function lookAt(entry: Entry, ask: Ask, key: string): Look {
  const slot = entry.holder.find(ask.limit.zone, key)
  return { ask, key, slot, finding: slot ? atSlot(entry, ask, slot) : atKey(entry, ask, key) }
}

/** The holder has a slot: a limit that admitted it does not look again, another looks with that slot included. */
function atSlot({ owner }: Entry, ask: Ask, slot: Slot): Finding {
  if (slot.claimOf(owner)) return 'held'
  if (slot.zone.share) return granted(ask, slot.record.key)
  return slot.record.active > ask.max ? 'over' : 'free'
}

function atKey(entry: Entry, ask: Ask, key: string): Finding {
  const { zone } = ask.limit
  if (isCrowded(entry, ask)) return 'crowded'
  if (!zone.hasRoomFor(ask.keys)) return 'full'
  if (zone.share) return granted(ask, key)
  return zone.activeUnder(key) >= ask.max ? 'over' : 'free'
}

/** What a shared zone has answered. */
function granted(ask: Ask, key: string): Finding {
  const grant = grantOf(ask, key)
  if (!grant) return 'unasked'
  return grant.isOver ? 'over' : 'free'
}

/** The answer of a shared zone, while it holds. */
export function grantOf({ grants }: Ask, key: string): Grant | undefined {
  const grant = grants?.get(key)
  return grant?.isGivenBack ? undefined : grant
}

/**
 * The holder would have more than `maxKeys` slots in the zone, those not counted that this owner would give back.
 * The keys of one address always fit.
 */
function isCrowded({ holder, owner, maxKeys }: Entry, { keys, limit }: Ask): boolean {
  if (holder.slots.length + keys.length <= maxKeys) return false
  const inZone = holder.slots.filter((slot) => slot.zone === limit.zone)
  const staying = inZone.filter((slot) => !slot.isIdleBut(owner) && !keys.includes(slot.record.key))
  return staying.length > 0 && staying.length + keys.length > maxKeys
}

/** A slot is taken there, if all let the holder in. */
export function isTaken({ finding }: Look): boolean {
  return finding !== 'full' && finding !== 'crowded' && finding !== 'unasked'
}

export function isRefusal({ ask: { limit }, finding }: Look): boolean {
  if (limit.isDryRun) return false
  return (
    finding === 'over' ||
    finding === 'crowded' ||
    finding === 'unasked' ||
    (finding === 'full' && limit.zone.onFull === 'reject')
  )
}
