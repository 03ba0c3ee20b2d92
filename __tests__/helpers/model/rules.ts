import type { Status } from '../../../lib/core/decision.ts'
import type { OnLimit } from '../../../lib/core/evict.ts'
import { noTallies, type Tally } from '../../../lib/core/stats.ts'
import type { ZoneOptions } from '../../../lib/core/zone.ts'

export const keys = ['', 'a', 'b', 'c', '__proto__'] as const
export type Key = (typeof keys)[number]
/** The keys that one who asks shows to the limits of a rule, one to each. */
export type Keys = readonly [Key, Key]
export type Bounds = Required<Pick<ZoneOptions, 'max' | 'maxIdle' | 'onFull'>>

/** One limit of a policy of the model. */
export interface Bound {
  readonly zone: number
  limit: number
  dryRun: boolean
  onLimit: OnLimit
}

/** A policy of the model. */
export interface Rule {
  readonly unit: 'connections' | 'requests'
  readonly maxKeys: number
  readonly bounds: readonly Bound[]
  queue: { readonly max: number; readonly timeoutMs: number } | false
  /** It takes its time to find out who asks again. */
  readonly isSlow: boolean
}

/** Keeps the rules of a run apart from those of the next. */
export function copyOf(rule: Rule): Rule {
  const [first, ...more] = rule.bounds.map((bound) => ({ ...bound }))
  // Two limits of one policy have a zone each.
  const others = more.map((bound) => ({ ...bound, zone: 1 - first!.zone }))
  return { ...rule, bounds: [first!, ...others], queue: rule.unit === 'requests' && rule.queue }
}

/** A zone of the model: what has happened there, and which keys are live, in the order in which they became so. */
export class ModelZone {
  readonly bounds: Bounds
  readonly tallies: Record<Tally, number> = noTallies()
  readonly live: Key[] = []
  /** Rules in which somebody waits for a slot here. */
  readonly waitedFor: Rule[] = []
  peak = 0

  constructor(bounds: Bounds) {
    this.bounds = bounds
  }
}

/** What became of somebody who asked; undefined: no limit applied. */
export type Answer = Status | undefined

export function without<T>(list: T[], one: T): boolean {
  const index = list.indexOf(one)
  if (index >= 0) list.splice(index, 1)
  return index >= 0
}
