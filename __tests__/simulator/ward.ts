import { deepStrictEqual } from 'node:assert/strict'
import { Zone, type ZoneOptions } from '../../lib/index.ts'
import type { Setting } from './events.ts'
import type { Guest } from './guest.ts'
import { Heard, type Subject } from './heard.ts'

/** What the world knows of those who should have a slot under a limit. */
export interface Truth {
  /** What was found wrong in the middle of something else. */
  readonly failures: string[]
  readonly guests: readonly Guest[]
  /** Those under which a guest has a slot: surely, or also where its end may not have been told yet. */
  readonly slotsOf: (guest: Guest, isSure: boolean) => Iterable<string>
}

const ipv4 = String.raw`10\.0\.0\.[12]`
const ipv6 = String.raw`2001:db8:(?:0:100)?:?:\/56`

/** How the zone of each limit shows its keys. */
const showings = {
  guard: { options: {}, shown: new RegExp(`^(?:${ipv4}|${ipv6})$`) },
  connections: { options: {}, shown: /^key#[\w-]{12}$/ },
  requests: { options: { reveal: true }, shown: /^(?:a|b|__proto__)$/ },
  upgrades: { options: { privacy: 'hash-ip' }, shown: /^ip#[\w-]{12}$/ },
} as const satisfies Record<keyof Setting, { readonly options: Partial<ZoneOptions>; readonly shown: RegExp }>

/** A limit of a world, watched over: invariants I2 and I3. */
export class Ward implements Subject {
  readonly zone: Zone
  readonly ruling: Subject['ruling']
  readonly shown: RegExp
  readonly isOneEach: boolean
  readonly heard: Heard
  readonly #truth: Truth
  #limit: number
  #highest: number
  /** So many were let in, as the application saw it: each text of a connection is one. */
  #seen = 0

  constructor(name: keyof Setting, ruling: Subject['ruling'], truth: Truth) {
    const { options, shown } = showings[name]
    this.zone = new Zone({ name, ...options })
    this.shown = shown
    this.isOneEach = name !== 'connections'
    this.heard = new Heard(this)
    this.#truth = truth
    this.ruling = ruling
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
    if (!this.ruling.dryRun) this.#highest = this.#limit
  }

  /** Somebody was let in under a key, and is counted by the world: there are no more now than the limit says. */
  checkAdmission(key: string): void {
    this.#seen++
    const count = this.#count(key, true)
    if (!this.ruling.dryRun && count > this.#limit)
      this.#truth.failures.push(
        `${this.zone.name}: ${count} are in under "${key}", where the limit is ${this.#limit}`,
      )
  }

  /** Somebody was refused under a key: there are as many as the limit says, and nobody could be closed for it. */
  checkRefusal(key: string): void {
    const { onLimit, dryRun, queue } = this.ruling
    // One that has waited has its slot a tick before the application sees it.
    const count = Math.max(this.#count(key, false), queue ? this.zone.count(key) : 0)
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

    const stats = this.zone.stats()
    const { active, keys, waiting } = stats
    this.heard.check(stats, this.#seen)
    const { found, active: audited } = this.zone.audit()
    deepStrictEqual([active, found, audited, keys], [sum, sum, sum, live])
    if (waiting > 0 && !isFull)
      throw new Error(`${this.zone.name}: ${waiting} wait, and there is room under each key`)
  }

  /** Nobody is there: nothing is counted (I1). */
  checkEmpty(): void {
    const { active, keys, waiting } = this.zone.stats()
    deepStrictEqual({ active, keys, waiting }, { active: 0, keys: 0, waiting: 0 })
    this.heard.checkArrivals()
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
