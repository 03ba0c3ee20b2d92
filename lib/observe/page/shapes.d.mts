/** A zone, as the router tells it. */
export interface ZoneShape {
  readonly passed: number
  readonly rejected: number
  readonly rejected_dry_run: number
  readonly skipped: number
  readonly exhausted: number
  readonly queued: number
  readonly evicted: number
  readonly kicked: number
  readonly trimmed: number
  readonly expired: number
  readonly idled: number
  readonly drained: number
  readonly forgotten: number
  readonly waiting: number
  readonly keys: number
  readonly active: number
  readonly peak: number
  readonly max: number
  readonly shared: boolean
  readonly limits: readonly LimitShape[]
  readonly top?: readonly KeyShape[]
}

/** A limit on a zone; null: a function says it. */
export interface LimitShape {
  readonly limit: number | null
  readonly dry_run: boolean
}

/** A line of the top keys. */
export interface KeyShape {
  readonly key: string
  readonly active: number
  readonly peak: number
  readonly rejected: number
  readonly rejected_dry_run: number
  readonly oldest_ms?: number
}

/** What comes each second; whether changes are allowed is not known where it was polled. */
export interface TickShape {
  readonly may_change?: boolean
  readonly zones: Readonly<Record<string, ZoneShape>>
}

export interface CandidateShape {
  readonly limit: number
  readonly rejected: number
  readonly rejected_share: number
  readonly keys?: number
  readonly top_keys: readonly { readonly shown: string; readonly rejected: number }[]
  readonly exactness: string
}

export interface AdviceShape {
  readonly since_ms: number
  readonly arrivals: number
  readonly candidates: readonly CandidateShape[]
  readonly suggestion: { readonly limit: number | null; readonly reason: string }
}
