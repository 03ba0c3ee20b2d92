import type { LimitConnError } from '../errors.ts'
import type { Lease } from './lease.ts'
import type { Zone } from './zone.ts'

/** nginx's words for what became of a holder, and GONE: it had ended before it could be counted. */
export type Status = 'PASSED' | 'REJECTED' | 'REJECTED_DRY_RUN' | 'GONE'

/** What the limiter answers. A refusal is data, never an exception. */
export interface Decision {
  /** Undefined where no limit applied, and where `error` says why nothing could be decided. */
  readonly status: Status | undefined
  /** The one to branch on. */
  readonly passed: boolean
  /** Name of the zone that decided; of those that passed, the one with the least room left. */
  readonly zone?: string
  /** The limit in force there. */
  readonly limit?: number
  /** Slots taken there under the key, this holder's included if it has one. */
  readonly active?: number
  /** A function of the options failed; nobody was let in and nothing was counted. */
  readonly error?: LimitConnError
  /** What the holder owns; absent where it owns nothing. */
  readonly lease?: Lease
}

/** A limit that was met, or passed, for those who report it. */
export interface Hit {
  readonly zone: Zone
  readonly key: string
  /** `passed` only where somebody wants to hear of it. */
  readonly kind: 'passed' | 'rejected' | 'dry run' | 'exhausted' | 'evicted'
  /** The limit in force. */
  readonly limit: number
}

/** A decision, and what there is to report of it. */
export interface Outcome {
  readonly decision: Decision
  readonly hits: readonly Hit[]
}

export const noHits: readonly Hit[] = []

export const notLimited: Outcome = { decision: { status: undefined, passed: true }, hits: noHits }

export const gone: Outcome = { decision: { status: 'GONE', passed: false }, hits: noHits }

export function failed(error: LimitConnError): Outcome {
  return { decision: { status: undefined, passed: false, error }, hits: noHits }
}
