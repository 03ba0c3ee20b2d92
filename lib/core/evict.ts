import { endFor, type Closing } from './close.ts'
import type { Holder } from './holder.ts'
import { isRefusal, type Entry, type Look } from './look.ts'
import type { Slot } from './slot.ts'

/** What a limit does with a newcomer that finds no room. */
export type OnLimit = 'reject' | 'evict-oldest' | 'evict-idle'

/** Whom to close so that a holder may come in, and for which limit. */
export type Victims = ReadonlyMap<Holder, Look>

const nobody: Victims = new Map()

/**
 * Chooses whom to close for a holder, as few as there must be; undefined where it stays refused: a limit has no room and
 * makes none, or there is nobody to close. A request that is counted by itself closes nobody, and is closed for nobody:
 * its connection may carry others.
 */
export function chooseVictims(entry: Entry, looks: readonly Look[]): Victims | undefined {
  const refusals = looks.filter(isRefusal)
  if (refusals.length === 0) return nobody
  if (!refusals.every(makesRoom) || !entry.holder.carrier?.isOwn) return undefined

  const victims = new Map<Holder, Look>()
  for (const look of refusals) if (!addVictims(victims, entry, look)) return undefined
  return victims
}

/** Ends the victims, in this tick; what is returned closes them, once the newcomer has its slots. */
export function endVictims(victims: Victims): (Closing | undefined)[] {
  return Array.from(victims, ([victim, { ask }]) => endFor(victim, 'evicted', [ask.limit.zone]))
}

export function makesRoom({ ask: { limit }, finding }: Look): boolean {
  return finding === 'over' && limit.onLimit !== 'reject'
}

/** Adds those that must go under one key; answers whether there are enough. */
function addVictims(victims: Map<Holder, Look>, { holder }: Entry, look: Look): boolean {
  const { limit, max } = look.ask
  const slots = limit.zone.slotsUnder(look.key).filter((slot) => !victims.has(slot.holder))
  const excess = slots.length + (look.slot ? 0 : 1) - max

  // Not the newcomer's own connection, where another limit counts that.
  const candidates = slots.filter(({ holder: { carrier } }) => carrier?.isOwn && carrier !== holder.carrier)
  const inOrder = limit.onLimit === 'evict-idle' ? idlest(candidates, excess) : candidates
  for (const victim of inOrder.slice(0, Math.max(0, excess))) victims.set(victim.holder, look)
  return candidates.length >= excess
}

/** Those that do nothing, and have for longest, before those in the middle of a request; of two alike the older one. */
function idlest(slots: readonly Slot[], n: number): Slot[] {
  if (n === 1) return oneIdlest(slots)
  return slots
    .map(see)
    .toSorted((a, b) => Number(a.isBusy) - Number(b.isBusy) || a.quietSinceMs - b.quietSinceMs)
    .map(({ slot }) => slot)
}

/** One is all that is wanted nearly always. What costs most, the state, is asked only of those that may be the one. */
function oneIdlest(slots: readonly Slot[]): Slot[] {
  let best: Seen | undefined
  for (const slot of slots) {
    if (best && !best.isBusy && slot.holder.carrier!.quietSinceMs >= best.quietSinceMs) continue
    const one = see(slot)
    if (!best || one.isBusy < best.isBusy) best = one
    else if (one.isBusy === best.isBusy && one.quietSinceMs < best.quietSinceMs) best = one
  }
  return best ? [best.slot] : []
}

interface Seen {
  readonly slot: Slot
  readonly isBusy: boolean
  readonly quietSinceMs: number
}

function see(slot: Slot): Seen {
  const { state, quietSinceMs } = slot.holder.carrier!
  return { slot, isBusy: state === 'busy', quietSinceMs }
}
