import type { Slot } from './slot.ts'
import type { KeyTrials } from './trials.ts'

/** What a zone knows of one key. */
export class KeyRecord {
  readonly key: string
  active = 0
  peak = 0
  rejected = 0
  /** Those whom only a dry run let in. */
  rejectedDryRun = 0
  /** When the last slot was given back, in milliseconds since 1970; 0 while there never was none. */
  idleSinceMs = 0
  /** What candidate limits have come to; undefined while none was reached. */
  trials: KeyTrials | undefined
  oldest: Slot | undefined
  newest: Slot | undefined

  constructor(key: string) {
    this.key = key
  }

  add(slot: Slot): void {
    slot.older = this.newest
    if (this.newest) this.newest.newer = slot
    else this.oldest = slot
    this.newest = slot

    this.active++
    if (this.active > this.peak) this.peak = this.active
  }

  remove(slot: Slot): void {
    if (slot.older) slot.older.newer = slot.newer
    else this.oldest = slot.newer
    if (slot.newer) slot.newer.older = slot.older
    else this.newest = slot.older
    slot.older = slot.newer = undefined

    this.active--
  }

  /** Starts its statistics again. */
  reset(): void {
    this.peak = this.active
    this.rejected = this.rejectedDryRun = 0
    this.trials?.reset()
  }

  *slots(): Iterable<Slot> {
    for (let slot = this.oldest; slot; slot = slot.newer) yield slot
  }
}
