import type { Holder } from '../../../lib/core/holder.ts'
import { Lease } from '../../../lib/core/lease.ts'
import type { Owner } from '../../../lib/core/slot.ts'
import type { Model } from './model.ts'
import type { Pair } from './pairs.ts'
import type { Rule } from './rules.ts'

/** What is released before its holder ends, in the real thing and in the model. */
export class Leases {
  readonly #model: Model
  readonly #released = new Map<Holder, Lease>()

  constructor(model: Model) {
    this.#model = model
  }

  /** Releases what a policy let in; with `isAgain` it is what was released before, which is to do nothing. */
  release([party, holder]: Pair, [rule, owner]: readonly [Rule, Owner], isAgain: boolean): void {
    if (isAgain) return this.#released.get(holder)?.release()
    const lease = new Lease(holder, owner)
    this.#released.set(holder, lease)
    lease.release()
    this.#model.disclaim(rule, party)
  }
}
