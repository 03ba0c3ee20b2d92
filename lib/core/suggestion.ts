import type { Trials } from './trials.ts'

/** A limit to choose, and why; no limit where too little is known. */
export interface Suggestion {
  readonly limit: number | null
  readonly reason: string
}

/** The smallest limit that would have refused no more than a share of the arrivals. */
export function suggest(trials: Trials, maxShare: number): Suggestion {
  const { arrivals } = trials
  const enough = maxShare === 0 ? 1_000 : Math.min(Math.ceil(1 / maxShare), Number.MAX_SAFE_INTEGER)
  if (arrivals < enough)
    return none(
      `${arrivals} ${arrivals === 1 ? 'arrival is' : 'arrivals are'} too few to say: it takes ${enough} to tell a share of ${percent(maxShare)}`,
    )

  const limit = smallest(trials, mostWithin(maxShare, arrivals))
  if (limit === undefined && trials.isUntouched)
    return none(`each limit that was tried would have refused more than ${percent(maxShare)}`)
  if (limit === undefined)
    return none(
      `a limit in force has refused, closed or held back some: which one refuses no more than ${percent(maxShare)} is only seen in a dry run, from a reset on`,
    )
  return { limit, reason: reasonFor(trials, { limit, maxShare }) }
}

/** The most arrivals that are no more than a share of all, by the share that is told of them. */
function mostWithin(maxShare: number, arrivals: number): number {
  const most = Math.round(maxShare * arrivals)
  return most / arrivals > maxShare ? most - 1 : most
}

function none(reason: string): Suggestion {
  return { limit: null, reason }
}

/** Of those that were tried, and of all others, of which an upper bound is known. */
function smallest(trials: Trials, most: number): number | undefined {
  const tried = trials.candidates.find((_, i) => trials.isExact(i) && trials.refused[i]! <= most)
  const bound = trials.isUntouched ? trials.smallestMet(most) : undefined
  if (tried === undefined || bound === undefined) return tried ?? bound
  return Math.min(tried, bound)
}

function reasonFor(trials: Trials, { limit, maxShare }: { limit: number; maxShare: number }): string {
  const index = trials.candidates.indexOf(limit)
  const rejected = index < 0 ? trials.mostRefused(limit) : trials.refused[index]!
  const many = rejected === 0 ? 'none' : `${index < 0 ? 'at most ' : ''}${rejected}`
  const said = `${many} of ${trials.arrivals} arrivals`
  return `the smallest limit known to refuse no more than ${percent(maxShare)}: it would have refused ${said}`
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`
}
