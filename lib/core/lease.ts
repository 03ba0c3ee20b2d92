import type { Holder } from './holder.ts'
import type { Owner, Slot } from './slot.ts'

/**
 * What a holder owns until it releases: one slot in each zone it entered.
 *
 * It ends with the holder by itself; release it earlier if you know better.
 */
export class Lease {
  readonly #holder: Holder
  readonly #owner: Owner
  #isReleased = false

  /** @internal */
  constructor(holder: Holder, owner: Owner) {
    this.#holder = holder
    this.#owner = owner
  }

  /** @internal */
  isOf(owner: Owner): boolean {
    return this.#owner === owner
  }

  get isReleased(): boolean {
    return this.#isReleased
  }

  /** Gives the slots back. Once: a second call does nothing, also after the holder was admitted again. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    for (const slot of this.#holder.slots.slice()) this.#disclaim(slot)
  }

  [Symbol.dispose](): void {
    this.release()
  }

  #disclaim(slot: Slot): void {
    const index = slot.claims.findIndex((claim) => claim.owner === this.#owner)
    if (index < 0) return
    slot.claims.splice(index, 1)
    this.#holder.giveBackIfIdle(slot, 'released')
  }
}
