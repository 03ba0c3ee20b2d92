import type { Slot } from './slot.ts'
import type { KeyTrials } from './trials.ts'

/** What a key has that met a limit: most never do. */
class Refusals {
  rejected = 0
  /** Those whom only a dry run let in. */
  rejectedDryRun = 0
  /** What candidate limits have come to; undefined while none was reached. */
  trials: KeyTrials | undefined
}

/** What a zone knows of one key. */
export class KeyRecord {
  readonly key: string
  active = 0
  peak = 0
  /** When the last slot was given back, in milliseconds since 1970; 0 while there never was none. */
  idleSinceMs = 0
  oldest: Slot | undefined
  newest: Slot | undefined

  #refusals: Refusals | undefined

  constructor(key: string) {
    this.key = key
  }

  get rejected(): number {
    return this.#refusals?.rejected ?? 0
  }

  get rejectedDryRun(): number {
    return this.#refusals?.rejectedDryRun ?? 0
  }

  get trials(): KeyTrials | undefined {
    return this.#refusals?.trials
  }

  /** To note what is refused, or would be. */
  get refusals(): Refusals {
    return (this.#refusals ??= new Refusals())
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
    if (!this.#refusals) return
    this.#refusals.rejected = this.#refusals.rejectedDryRun = 0
    this.#refusals.trials?.reset()
  }

  *slots(): Iterable<Slot> {
    for (let slot = this.oldest; slot; slot = slot.newer) yield slot
  }
}
