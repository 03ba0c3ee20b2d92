import type { KeyRecord } from './record.ts'
import type { Slot } from './slot.ts'

/** Limits that are tried where nobody names others. */
export const usualCandidates: readonly number[] = [1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1_000]

/** Most limits that are tried beside the real one: a slot has a bit for each. */
export const mostCandidates = 30

/** Slots of a key that are counted one by one, for an arrival that meets so many; more are counted as one. */
const mostLevels = 1_024

/** What the candidates have come to under one key. */
export class KeyTrials {
  /** Slots that each candidate would have let in, of those that are taken. */
  readonly active: number[]
  /** Arrivals that each would have refused. */
  readonly refused: number[]
  /** A bit for each that would have refused any. */
  hits = 0

  constructor(candidates: number, active: number) {
    this.active = Array.from({ length: candidates }, () => active)
    this.refused = Array.from({ length: candidates }, () => 0)
  }

  /** Starts again, but for what is open. */
  reset(): void {
    this.refused.fill(0)
    this.hits = 0
  }
}

/**
 * Tries limits on what really comes and goes, without deciding anything: each candidate has a count of its own under each key, of
 * those that it would have let in. Memory: two numbers for each candidate under each key in which the smallest was reached.
 */
export class Trials {
  readonly candidates: readonly number[]
  /** When they began, in milliseconds since 1970. */
  sinceMs: number = Date.now()
  arrivals: number = 0
  /** A bit for each candidate that would have let somebody in whom a limit in force has refused, closed or made to wait. */
  #estimates = 0
  /** Nobody was refused, closed or made to wait by a limit in force. */
  isUntouched = true
  /** The smallest limit in force that has refused an arrival; undefined: none has. */
  refusedAt: number | undefined
  /** By candidate: arrivals that it would have refused, and how many keys they had. */
  refused: Float64Array
  keys: Float64Array
  #levels: Float64Array | undefined

  /** In ascending order. */
  constructor(candidates: readonly number[]) {
    this.candidates = candidates
    this.refused = new Float64Array(candidates.length)
    this.keys = new Float64Array(candidates.length)
  }

  /** How many arrivals met so many slots under their key; the last entry: so many or more. Those that met none are left out. */
  get levels(): Float64Array {
    return (this.#levels ??= new Float64Array(mostLevels + 1))
  }

  /**
   * Most arrivals that a limit would have refused that was not tried: no more than have met so many slots, and no more than a
   * lower one.
   */
  mostRefused(limit: number): number {
    const from = Math.min(limit, mostLevels)
    const met = this.levels.reduce((sum, arrivals, level) => (level >= from ? sum + arrivals : sum), 0)
    const lower = this.refused.filter((_, index) => this.candidates[index]! < limit)
    return Math.min(met, lower.at(-1) ?? met)
  }

  /** The smallest limit that no more arrivals have met; undefined: it is beyond the last level. */
  smallestMet(most: number): number | undefined {
    let sum = 0
    for (let met = mostLevels; met > 0; met--) {
      sum += this.levels[met]!
      if (sum > most) return met === mostLevels ? undefined : met + 1
    }
    return 1
  }

  /**
   * Before a slot is added to the record, or, without one, where an arrival was turned away: by another limit, or for want of room in
   * the zone. The key has no record where nobody is in, or only in other processes.
   */
  arrived(record: KeyRecord | undefined, slot?: Slot): void {
    this.arrivals++
    if (!record) return
    const met = record.active
    if (met > 0) this.levels[Math.min(met, mostLevels)]!++
    if (record.trials || met >= this.candidates[0]!) this.#try(record, slot)
  }

  /** A slot was given back. */
  left({ trials }: KeyRecord, { refusedBy }: Slot): void {
    if (!trials) return
    for (let i = 0; i < trials.active.length; i++) if (!(refusedBy & (1 << i))) trials.active[i]!--
  }

  /** All arrivals that a candidate would have let in have come, and gone when they would. */
  isExact(index: number): boolean {
    return !(this.#estimates & (1 << index))
  }

  /** Somebody was refused by a limit on this zone, who has a slot there already or comes anew. */
  turnedAway(limit: number, record: KeyRecord | undefined, slot?: Slot): void {
    this.refusedAt = Math.min(limit, this.refusedAt ?? limit)
    this.isUntouched = false
    for (const [i, candidate] of this.candidates.entries()) {
      const active = record?.trials?.active[i] ?? record?.active ?? 0
      const isLetIn = slot ? !(slot.refusedBy & (1 << i)) : active < candidate
      if (isLetIn) this.#estimates |= 1 << i
    }
    if (!slot) this.arrived(record)
  }

  /** Somebody was closed for a newcomer or by a lowered limit, or made to wait: no candidate knows what had become of them. */
  disturbed(): void {
    this.isUntouched = false
    this.#estimates = -1
  }

  /** Starts again. What is open stays let in, or refused, as it was. */
  reset(): void {
    this.sinceMs = Date.now()
    this.arrivals = 0
    this.refusedAt = undefined
    this.#estimates = 0
    this.isUntouched = true
    this.#levels = undefined
    this.refused.fill(0)
    this.keys.fill(0)
  }

  /** Until the smallest candidate is reached, each has let in all that is there. */
  #try(record: KeyRecord, slot: Slot | undefined): void {
    const { candidates } = this
    const trials = (record.refusals.trials ??= new KeyTrials(candidates.length, record.active))
    for (let i = 0; i < candidates.length; i++) {
      if (trials.active[i]! >= candidates[i]!) this.#refuse(trials, i, slot)
      else if (slot) trials.active[i]!++
    }
  }

  #refuse(trials: KeyTrials, i: number, slot: Slot | undefined): void {
    const bit = 1 << i
    if (slot) slot.refusedBy |= bit
    this.refused[i]!++
    trials.refused[i]!++
    if (trials.hits & bit) return
    trials.hits |= bit
    this.keys[i]!++
  }
}
