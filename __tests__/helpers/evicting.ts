import type { OnLimit } from '../../lib/core/evict.ts'
import type { Holder } from '../../lib/core/holder.ts'
import { carried, type Parcel } from './carrier.ts'
import { ask, policyOf, zoneOf, type TestPolicy } from './policies.ts'

/** Parcels that a policy has let in under a key, one after the other. */
export function fill(policy: TestPolicy, parcels: readonly Partial<Parcel>[], ...keys: string[]): Parcel[] {
  return parcels.map((over) => {
    const [holder, parcel] = carried(over)
    if (!ask(policy, holder, ...(keys.length > 0 ? keys : ['a'])).decision.passed) throw new Error('refused')
    return parcel
  })
}

/** The places of those that were closed. */
export const closedOf = (parcels: readonly Parcel[]): number[] =>
  [...parcels.keys()].filter((index) => parcels[index]!.isClosed)

export const evicting = (onLimit: OnLimit, limit = 3, zone = zoneOf()): TestPolicy =>
  policyOf({ zone, limit, onLimit })

export const newcomer = (): Holder => carried()[0]
