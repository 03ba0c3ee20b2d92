import type { Holder } from '../../lib/core/holder.ts'
import type { Slot } from '../../lib/core/slot.ts'
import { Zone } from '../../lib/index.ts'

/** A zone that is looked at whenever a slot is taken, however many are taken in one tick. */
export class Sampled extends Zone {
  /** The highest count that a key has ever had. */
  highest = 0

  override take(key: string, holder: Holder): Slot {
    const slot = super.take(key, holder)
    this.highest = Math.max(this.highest, slot.record.active)
    return slot
  }
}
