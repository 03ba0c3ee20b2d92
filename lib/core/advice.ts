import { checkObject, invalid, whole, type Checks } from '../options/check.ts'
import { suggest, type Suggestion } from './suggestion.ts'
import { showKey } from './shown.ts'
import type { Trials } from './trials.ts'
import { aCandidateList } from './zone-options.ts'
import type { Zone } from './zone.ts'

export interface AdviseOptions {
  /** The share of arrivals that a limit may refuse, from 0 to 1. @default 0.001 */
  readonly maxRejectedShare?: number
  /** More limits to look at, in ascending order: an upper bound of each. @default [] */
  readonly limits?: readonly number[]
  /** Most keys named for each limit, 0 to 1,000. @default 5 */
  readonly top?: number
}

/** A key that a limit would have refused. */
export interface HitKey {
  /** The key as people may see it. */
  readonly shown: string
  /** Arrivals that the limit would have refused. */
  readonly rejected: number
}

/** What a limit would have come to. */
export interface Candidate {
  readonly limit: number
  /** Arrivals that it would have refused. */
  readonly rejected: number
  /** Their share of all arrivals, 0 to 1. */
  readonly rejectedShare: number
  /** How many keys they had; at most, where the zone has forgotten idle keys. Unknown but of measured limits. */
  readonly keys?: number
  /** Those with the most. */
  readonly topKeys: readonly HitKey[]
  /**
   * `exact`: it was tried on each arrival, with a count of its own. `upper bound`: an arrival is counted that met so many slots;
   * some of those would not have been there. `estimate`: a limit in force has refused, closed or made to wait somebody whom this
   * one would have let in, and nobody knows how long those would have stayed.
   */
  readonly exactness: 'exact' | 'upper bound' | 'estimate'
}

/** What `Zone.advise` answers. */
export interface Advice {
  /** Name of the zone. */
  readonly zone: string
  /** Since when it was looked, in milliseconds since 1970. */
  readonly sinceMs: number
  /** Holders that came under a key, those refused included. */
  readonly arrivals: number
  /** The smallest limit that has refused one of them; null: none has, or only in dry runs. */
  readonly refusedAt: number | null
  /** In ascending order of their limits. */
  readonly candidates: readonly Candidate[]
  readonly suggestion: Suggestion
}

const checks: Checks = {
  maxRejectedShare: aShare,
  limits: aCandidateList,
  top: whole(0, 1_000, 'a whole number from 0 to 1000'),
}

/** Makes the advice of a zone. */
export function advise(zone: Zone, options: unknown): Advice {
  const checked = checkObject(options, 'advise', checks) as AdviseOptions
  const { maxRejectedShare = 0.001, limits = [], top = 5 } = checked
  const { trials } = zone
  const tried = trials.candidates.map((_, index) => tryOut(zone, { index, top }))
  const bounds = limits.filter((limit) => !trials.candidates.includes(limit))
  const candidates = [...tried, ...bounds.map((limit) => bound(trials, limit))]

  return {
    zone: zone.name,
    sinceMs: trials.sinceMs,
    arrivals: trials.arrivals,
    refusedAt: trials.refusedAt ?? null,
    candidates: candidates.toSorted((a, b) => a.limit - b.limit),
    suggestion: suggest(trials, maxRejectedShare),
  }
}

/** A limit that was tried. */
function tryOut(zone: Zone, { index, top }: { readonly index: number; readonly top: number }): Candidate {
  const { trials } = zone
  const limit = trials.candidates[index]!
  const rejected = trials.refused[index]!
  const hit = zone.allRecords.filter((record) => record.trials && record.trials.refused[index]! > 0)
  const most = hit.toSorted((a, b) => b.trials!.refused[index]! - a.trials!.refused[index]!).slice(0, top)
  return {
    limit,
    rejected,
    rejectedShare: shareOf(rejected, trials),
    keys: trials.keys[index]!,
    topKeys: most.map((record) => {
      return { shown: showKey(record.key, zone.showing), rejected: record.trials!.refused[index]! }
    }),
    exactness: trials.isExact(index) ? 'exact' : 'estimate',
  }
}

/** A limit that was not tried: who met as many slots, or more, might have been refused. */
function bound(trials: Trials, limit: number): Candidate {
  const rejected = trials.metAtLeast(limit)
  const exactness = trials.isUntouched ? 'upper bound' : 'estimate'
  return { limit, rejected, rejectedShare: shareOf(rejected, trials), topKeys: [], exactness }
}

function shareOf(rejected: number, { arrivals }: Trials): number {
  return arrivals === 0 ? 0 : rejected / arrivals
}

function aShare(value: unknown, path: string): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value
  throw invalid(path, value, 'a number from 0 to 1')
}
