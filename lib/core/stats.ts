/** Why a connection was closed that had been let in, in the words of the counters. */
export type Cause =
  /** To make room for a newer one: `onLimit`. */
  | 'evicted'
  /** By `zone.kick`. */
  | 'kicked'
  /** Beyond a limit that was lowered: `closeExcess`. */
  | 'trimmed'
  /** Open for longer than `maxLifetimeMs`. */
  | 'expired'
  /** Silent for longer than `maxIdleMs`. */
  | 'idled'
  /** By `drain`. */
  | 'drained'

/** What a zone has decided since it was made or reset, and what it holds now. */
export interface ZoneStats {
  /** Holders admitted within the limit. */
  readonly passed: number
  /** Holders refused because a limit was exceeded. */
  readonly rejected: number
  /** Holders that only a dry run admitted. */
  readonly rejectedDryRun: number
  /** Requests that were not accounted: the key was empty, or `skip` said so. */
  readonly skipped: number
  /** Holders with a new key that found the zone full. */
  readonly exhausted: number
  /** Requests that had to wait in a queue. */
  readonly queued: number
  /** Closed to make room for a newer one of the same key. */
  readonly evicted: number
  /** Closed by `kick`. */
  readonly kicked: number
  /** Closed because a limit was lowered below them. */
  readonly trimmed: number
  /** Closed because they were open for longer than `maxLifetimeMs`. */
  readonly expired: number
  /** Closed because they were silent for longer than `maxIdleMs`. */
  readonly idled: number
  /** Closed by `drain`. */
  readonly drained: number
  /** Idle records that made room for others. */
  readonly forgotten: number
  /** Requests that wait in a queue now. */
  readonly waiting: number
  /** Live keys. */
  readonly keys: number
  /** Slots taken, over all keys. */
  readonly active: number
  /** Most slots taken at one time. */
  readonly peak: number
}

/** The counters of a zone that only ever rise. */
export type Tally = Exclude<keyof ZoneStats, 'waiting' | 'keys' | 'active' | 'peak'>

/** Counts what a zone decides, and its slots. */
export class Counters {
  #tallies: Record<Tally, number> = noTallies()
  #active = 0
  #peak = 0

  get active(): number {
    return this.#active
  }

  /** With what is waiting, and live, now. */
  with(now: Pick<ZoneStats, 'waiting' | 'keys'>): ZoneStats {
    return { ...this.#tallies, ...now, active: this.#active, peak: this.#peak }
  }

  count(what: Tally): void {
    this.#tallies[what]++
  }

  taken(): void {
    if (++this.#active > this.#peak) this.#peak = this.#active
  }

  givenBack(): void {
    this.#active--
  }

  /** Starts again; what is taken stays so. */
  reset(): void {
    this.#tallies = noTallies()
    this.#peak = this.#active
  }
}

export function noTallies(): Record<Tally, number> {
  const decisions = { passed: 0, rejected: 0, rejectedDryRun: 0, skipped: 0, exhausted: 0, queued: 0 }
  return { ...decisions, evicted: 0, kicked: 0, trimmed: 0, expired: 0, idled: 0, drained: 0, forgotten: 0 }
}
