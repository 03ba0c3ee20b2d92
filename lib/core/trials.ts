import type { KeyRecord } from './record.ts'
import type { Slot } from './slot.ts'

/** Limits that are tried where nobody names others. */
export const usualCandidates: readonly number[] = [1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1_000]

/** Most limits that are tried beside the real one: a slot has a bit for each. */
export const mostCandidates = 30

/** Slots of a key that are counted one by one, for an arrival that meets so many; more are counted as one. */
const mostLevels = 1_024

/** A key that somebody comes under: it has no record where nobody is in. With a slot there, where it has one. */
export interface Place {
  readonly record: KeyRecord | undefined
  readonly slot: Slot | undefined
}

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
  /** From here on a key is tried. */
  readonly #smallest: number
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
    this.#smallest = candidates[0] ?? Infinity
    this.refused = new Float64Array(candidates.length)
    this.keys = new Float64Array(candidates.length)
  }

  /** How many arrivals met so many slots under their key; the last entry: so many or more. Those that met none are left out. */
  get levels(): Float64Array {
    return (this.#levels ??= new Float64Array(mostLevels + 1))
  }

  /** Most arrivals that an untried limit would have refused: no more than met so many slots, and than a lower limit refused. */
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

  /** A slot was taken. */
  arrived(slot: Slot): void {
    this.arrivals++
    const { record } = slot
    const met = record.active - 1
    if (met > 0) this.levels[Math.min(met, mostLevels)]!++
    if (record.trials || met >= this.#smallest)
      this.#enter(slot, met, this.#counted(this.#refusalsUnder(record, met)))
  }

  /**
   * One came who counts under several keys; or was turned away by another limit, or for want of room in the zone: then it has no
   * slots. As the limit does, each candidate lets it in under all keys, or under none: whoever refused a slot that it keeps, under
   * none.
   */
  arrivedUnder(places: readonly Place[], kept: readonly Slot[] = []): void {
    this.arrivals++
    const known = places.flatMap(({ record, slot }) => {
      return record ? [{ record, slot, met: record.active - (slot ? 1 : 0) }] : []
    })
    const met = Math.max(0, ...known.map((each) => each.met), ...kept.map(({ record }) => record.active - 1))
    if (met > 0) this.levels[Math.min(met, mostLevels)]!++
    const before = kept.reduce((bits, { refusedBy }) => bits | refusedBy, 0)
    if (before === 0 && met < this.#smallest && !known.some(({ record }) => record.trials)) return
    const refusing = known.reduce((bits, each) => bits | this.#refusalsUnder(each.record, each.met), before)
    this.#counted(refusing)
    for (const { slot, met: metThere } of known) if (slot) this.#enter(slot, metThere, refusing)
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

  /** Somebody was refused by a limit on this zone, who has a slot under some of the keys already or comes anew. */
  turnedAway(limit: number, places: readonly Place[]): void {
    this.refusedAt = Math.min(limit, this.refusedAt ?? limit)
    this.isUntouched = false
    for (const i of this.candidates.keys()) {
      if (places.every((place) => this.#wouldLetIn(i, place))) this.#estimates |= 1 << i
    }
  }

  #wouldLetIn(i: number, { record, slot }: Place): boolean {
    if (slot) return !(slot.refusedBy & (1 << i))
    return (record?.trials?.active[i] ?? record?.active ?? 0) < this.candidates[i]!
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

  /** A bit for each candidate that has no room under a key in which so many slots are met. */
  #refusalsUnder(record: KeyRecord, met: number): number {
    if (!record.trials && met < this.#smallest) return 0
    const trials = this.#trialsOf(record, met)
    let refusing = 0
    for (let i = 0; i < this.candidates.length; i++) {
      if (trials.active[i]! < this.candidates[i]!) continue
      const bit = 1 << i
      refusing |= bit
      trials.refused[i]!++
      if (!(trials.hits & bit)) this.keys[i]!++
      trials.hits |= bit
    }
    return refusing
  }

  /** Counts an arrival that those refuse. */
  #counted(refusing: number): number {
    for (let i = 0; refusing >>> i > 0; i++) if (refusing & (1 << i)) this.refused[i]!++
    return refusing
  }

  /** Those candidates that let it in have a slot there, too. */
  #enter(slot: Slot, met: number, refusing: number): void {
    slot.refusedBy = refusing
    if (!slot.record.trials && refusing === 0) return
    const { active } = this.#trialsOf(slot.record, met)
    for (let i = 0; i < active.length; i++) if (!(refusing & (1 << i))) active[i]!++
  }

  /** Until the smallest candidate is reached, each has let in all that is there. */
  #trialsOf(record: KeyRecord, met: number): KeyTrials {
    return (record.refusals.trials ??= new KeyTrials(this.candidates.length, met))
  }
}
