import type { Holder } from './holder.ts'
import type { LimitConnError } from '../errors.ts'
import type { Limit } from './limit.ts'
import type { KeyRecord } from './record.ts'
import type { Zone } from './zone.ts'

/** Whoever asks for slots and is known again: one policy, also after its configuration changed. */
export interface Owner {
  /** Its limit on a zone, as configured now: there is one at most. */
  limitOn(zone: Zone): Limit | undefined
  /** Is told of an error that there is nobody else to hand to, or of what is to be known. */
  report(news: LimitConnError | string): void
}

/** That an owner has admitted a holder under a key, and whether only because of a dry run. */
export interface Claim {
  readonly owner: Owner
  readonly isDryRun: boolean
  /** The key of this slot is the last that the holder showed to the owner. */
  isLatest: boolean
}

/** One unit counted in a zone under a key. `Zone.take` makes it, and `release` gives it back, once. */
export class Slot {
  readonly zone: Zone
  readonly record: KeyRecord
  readonly holder: Holder
  readonly claims: Claim[] = []
  /** Unfinished requests of the holder under this key. */
  uses = 0
  isReleased = false
  /** When it was taken, by `performance.now()`: a whole number, which takes less memory. */
  readonly sinceMs: number = Math.trunc(performance.now())
  /** A bit for each candidate limit that would not have given it. */
  refusedBy = 0
  /** Neighbours among the slots of the key, oldest first. */
  older: Slot | undefined
  newer: Slot | undefined

  constructor(zone: Zone, record: KeyRecord, holder: Holder) {
    this.zone = zone
    this.record = record
    this.holder = holder
  }

  claimOf(owner: Owner): Claim | undefined {
    for (const claim of this.claims) if (claim.owner === owner) return claim
    return undefined
  }

  /** Nobody needs the slot any more, were this owner to move on. */
  isIdleBut(owner: Owner): boolean {
    return this.uses === 0 && this.claims.every((claim) => claim.owner === owner || !claim.isLatest)
  }

  get isIdle(): boolean {
    return this.uses === 0 && !this.claims.some((claim) => claim.isLatest)
  }
}
