import { deepStrictEqual } from 'node:assert/strict'
import { Zone } from '../../lib/index.ts'
import type { Ruling } from './events.ts'
import type { Guest } from './guest.ts'

/** What the world knows of those who should have a slot under a limit. */
export interface Truth {
  /** What was found wrong in the middle of something else. */
  readonly failures: string[]
  readonly guests: readonly Guest[]
  /** Those under which a guest has a slot: surely, or also where its end may not have been told yet. */
  readonly slotsOf: (guest: Guest, isSure: boolean) => Iterable<string>
}

/** A limit of a world, watched over: invariants I2 and I3. */
export class Ward {
  readonly zone: Zone
  readonly #truth: Truth
  readonly #ruling: Ruling
  #limit: number
  #highest: number

  constructor(name: string, ruling: Ruling, truth: Truth) {
    this.zone = new Zone({ name })
    this.#truth = truth
    this.#ruling = ruling
    this.#limit = ruling.limit
    this.#highest = ruling.dryRun ? Infinity : ruling.limit
  }

  get limit(): number {
    return this.#limit
  }

  set limit(limit: number) {
    this.#limit = limit
    this.#highest = Math.max(this.#highest, limit)
  }

  /** What was beyond the limit has been closed. */
  noteTrimmed(): void {
    if (!this.#ruling.dryRun) this.#highest = this.#limit
  }

  /** Somebody was let in under a key, and is counted by the world: there are no more now than the limit says. */
  checkAdmission(key: string): void {
    const count = this.#count(key, true)
    if (!this.#ruling.dryRun && count > this.#limit)
      this.#truth.failures.push(
        `${this.zone.name}: ${count} are in under "${key}", where the limit is ${this.#limit}`,
      )
  }

  /** Somebody was refused under a key: there are as many as the limit says, and nobody could be closed for it. */
  checkRefusal(key: string): void {
    const { onLimit, dryRun } = this.#ruling
    const count = this.#count(key, false)
    if (count < this.#limit || onLimit !== 'reject' || dryRun)
      this.#truth.failures.push(
        `${this.zone.name}: one was refused under "${key}", where ${count} of ${this.#limit} were in`,
      )
  }

  /** The zone counts who is there, key by key, and nothing else; and it agrees with what it finds itself. */
  check(): void {
    const [least, most] = [this.#tally(true), this.#tally(false)]
    let [sum, live, isFull] = [0, 0, false]
    for (const [key, atMost] of most) {
      const [count, atLeast] = [this.zone.count(key), least.get(key) ?? 0]
      if (count < atLeast || count > atMost || count > this.#highest)
        throw new Error(
          `${this.zone.name} counts ${count} under "${key}", where ${atLeast} to ${atMost} are in`,
        )
      sum += count
      if (count > 0) live++
      if (count >= this.#limit) isFull = true
    }

    const { active, keys, waiting } = this.zone.stats()
    const { found, active: audited } = this.zone.audit()
    deepStrictEqual([active, found, audited, keys], [sum, sum, sum, live])
    if (waiting > 0 && !isFull)
      throw new Error(`${this.zone.name}: ${waiting} wait, and there is room under each key`)
  }

  /** Nobody is there: nothing is counted (I1). */
  checkEmpty(): void {
    const { active, keys, waiting } = this.zone.stats()
    deepStrictEqual({ active, keys, waiting }, { active: 0, keys: 0, waiting: 0 })
    deepStrictEqual(this.zone.audit(), { active: 0, found: 0, gone: 0, stalled: 0, isClean: true })
  }

  #count(key: string, isSure: boolean): number {
    return this.#tally(isSure).get(key) ?? 0
  }

  #tally(isSure: boolean): Map<string, number> {
    const counts = new Map<string, number>()
    for (const guest of this.#truth.guests)
      for (const key of this.#truth.slotsOf(guest, isSure)) counts.set(key, (counts.get(key) ?? 0) + 1)
    return counts
  }
}
