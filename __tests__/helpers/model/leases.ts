import { Lease } from '../../../lib/core/lease.ts'
import type { Owner } from '../../../lib/core/slot.ts'
import type { Model } from './model.ts'
import type { Pair } from './pairs.ts'
import type { Rule } from './rules.ts'

/** What is released before its holder ends, in the real thing and in the model. */
export class Leases {
  readonly #model: Model
  readonly #released: Lease[] = []

  constructor(model: Model) {
    this.#model = model
  }

  /** Releases what a policy let in. All that were released before are released again, which is to do nothing. */
  release([party, holder]: Pair, [rule, owner]: readonly [Rule, Owner]): void {
    for (const lease of this.#released) lease.release()
    const lease = new Lease(holder, owner)
    this.#released.push(lease)
    lease.release()
    this.#model.disclaim(rule, party)
  }
}
