import { checkObject, invalid, whole, type Checks } from '../options/check.ts'
import { First } from './first.ts'
import type { KeyRecord } from './record.ts'
import { showKey } from './shown.ts'
import { suggest, type Suggestion } from './suggestion.ts'
import type { Trials } from './trials.ts'
import { aCandidateList } from './zone-options.ts'
import type { Zone } from './zone.ts'

export interface AdviseOptions {
  /** The share of arrivals that a limit may refuse, from 0 to 1. @default 0.001 */
  readonly maxRejectedShare?: number
  /** More limits to look at, in ascending order: an upper bound of each, or an estimate. @default [] */
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
  /** How many keys they had; at most, where the zone has forgotten idle keys. Only of limits that were tried. */
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
  /** Holders that came under a key, those refused included, whatever refused them. */
  readonly arrivals: number
  /** The smallest limit that has refused one of them; null: none has, or only in dry runs. */
  readonly refusedAt: number | null
  /** In ascending order of their limits; the suggested one is among them. */
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
  const keys = topKeys(zone, top)
  const tried = trials.candidates.map((_, index) => ({ ...outcomeOf(trials, index), topKeys: keys[index]! }))
  const suggestion = suggest(trials, maxRejectedShare)
  const named = suggestion.limit === null ? limits : [...limits, suggestion.limit]
  const bounds = [...new Set(named)].filter((limit) => !trials.candidates.includes(limit))
  const candidates = [...tried, ...bounds.map((limit) => bound(trials, limit))]

  return {
    zone: zone.name,
    sinceMs: trials.sinceMs,
    arrivals: trials.arrivals,
    refusedAt: trials.refusedAt ?? null,
    candidates: candidates.toSorted((a, b) => a.limit - b.limit),
    suggestion,
  }
}

/** What a limit came to that was tried. */
function outcomeOf(trials: Trials, index: number): Omit<Candidate, 'topKeys'> {
  const rejected = trials.refused[index]!
  return {
    limit: trials.candidates[index]!,
    rejected,
    rejectedShare: shareOf(rejected, trials),
    keys: trials.keys[index]!,
    exactness: trials.isExact(index) ? 'exact' : 'estimate',
  }
}

/** Those of whom each candidate would have refused the most, in one walk through all keys. */
function topKeys(zone: Zone, top: number): HitKey[][] {
  const firsts = zone.trials.candidates.map((_, index) => {
    return new First<KeyRecord>(top, (a, b) => rejectedOf(b, index) - rejectedOf(a, index))
  })
  for (const record of zone.allRecords()) {
    const hits = record.trials?.hits ?? 0
    for (let index = 0; hits >>> index > 0; index++) if (hits & (1 << index)) firsts[index]!.add(record)
  }

  return firsts.map(({ items }, index) =>
    items.map((record) => ({
      shown: showKey(record.key, zone.showing),
      rejected: rejectedOf(record, index),
    })),
  )
}

function rejectedOf({ trials }: KeyRecord, index: number): number {
  return trials!.refused[index]!
}

/** A limit that was not tried: who met as many slots, or more, might have been refused. */
function bound(trials: Trials, limit: number): Candidate {
  const rejected = trials.mostRefused(limit)
  const exactness = trials.isUntouched ? 'upper bound' : 'estimate'
  return { limit, rejected, rejectedShare: shareOf(rejected, trials), topKeys: [], exactness }
}

function shareOf(rejected: number, { arrivals }: Trials): number {
  return arrivals === 0 ? 0 : rejected / arrivals
}

export function aShare(value: unknown, path: string): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value
  throw invalid(path, value, 'a number from 0 to 1')
}
