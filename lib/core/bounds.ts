import { endFor } from './close.ts'
import type { Holder } from './holder.ts'
import type { Limit } from './limit.ts'
import type { Owner, Slot } from './slot.ts'

/** Whether a limit bounds the time of what it admits. */
export function isBounded({ maxLifetimeMs, maxIdleMs }: Limit): boolean {
  return maxLifetimeMs !== false || maxIdleMs !== false
}

/** Begins to note what a limit is to know later of a holder. */
export function prepare(holder: Holder, { zone, maxLifetimeMs, maxIdleMs }: Limit): void {
  if (maxLifetimeMs !== false && holder.sinceMs === 0) holder.sinceMs = performance.now()
  if (zone.isHeeded || maxIdleMs !== false) holder.carrier?.heed()
}

/** Begins to note what a limit of an owner is to know later of what is open, and of what others let in to its zone. */
export function prepareZone(owner: Owner, limit: Limit): void {
  const { zone, onLimit } = limit
  if (onLimit !== 'evict-idle' && !isBounded(limit)) return

  zone.isHeeded ||= onLimit === 'evict-idle'
  for (const record of zone.records) {
    for (const slot of record.slots()) {
      if (zone.isHeeded) slot.holder.carrier?.heed()
      if (slot.claimOf(owner)) prepare(slot.holder, limit)
    }
  }
}

/**
 * Closes a connection that was open, or silent, for longer than a limit of the owner allows that admitted it; and the
 * requests on it that were admitted by themselves.
 */
export function closeOverdue(owner: Owner, connection: Holder, quietMs: number): void {
  for (const holder of [connection, ...connection.children]) {
    for (const slot of holder.slots) {
      const cause = causeAt(owner, slot, quietMs)
      if (!cause) continue
      endFor(holder, cause, [slot.zone])?.()
      break
    }
  }
}

function causeAt(owner: Owner, slot: Slot, quietMs: number): 'expired' | 'idled' | undefined {
  const limit = slot.claimOf(owner) && owner.limitOn(slot.zone)
  if (!limit || limit.isDryRun) return undefined
  const { maxLifetimeMs, maxIdleMs } = limit
  const { sinceMs } = slot.holder
  const ageMs = sinceMs > 0 ? performance.now() - sinceMs : 0
  if (maxLifetimeMs !== false && ageMs >= maxLifetimeMs) return 'expired'
  return maxIdleMs !== false && quietMs >= maxIdleMs ? 'idled' : undefined
}
