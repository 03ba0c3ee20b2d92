import type { Look } from './look.ts'
import type { Applicant, Place } from './queue.ts'
import type { Zone } from './zone.ts'

/** Is told when a slot was given back. */
export interface WakesUp {
  wake(zone: Zone, key: string): void
}

export interface Waiter {
  readonly applicant: Applicant
  readonly place: Place
  readonly timer: NodeJS.Timeout
  /** What there is no room under. */
  refusal: Look
  /** Where it stands; undefined once it has gone. */
  line?: Line | undefined
}

/** Those who wait for one key, in the order of their numbers. */
export class Line {
  readonly waiters: Waiter[] = []

  get first(): Waiter | undefined {
    return this.waiters[0]
  }

  get length(): number {
    return this.waiters.length
  }

  /** Nearly always as the last. */
  add(waiter: Waiter): void {
    const { number } = waiter.place
    const after = this.waiters.findLastIndex((other) => other.place.number < number)
    this.waiters.splice(after + 1, 0, waiter)
  }

  remove({ place: { number } }: Waiter): void {
    this.waiters.splice(this.#indexOf(number), 1)
  }

  /** By halves: a client that leaves takes all its waiters along, and each of them is looked for. */
  #indexOf(number: number): number {
    let [from, to] = [0, this.waiters.length - 1]
    while (from < to) {
      const middle = (from + to) >> 1
      if (this.waiters[middle]!.place.number < number) from = middle + 1
      else to = middle
    }
    return from
  }
}

/** The lines of a queue, one for each zone and key. The zones know whom to wake. */
export class Lines {
  readonly #queue: WakesUp
  readonly #lines = new Map<Zone, Map<string, Line>>()

  constructor(queue: WakesUp) {
    this.#queue = queue
  }

  get isEmpty(): boolean {
    return this.#lines.size === 0
  }

  at(zone: Zone, key: string): Line | undefined {
    return this.#lines.get(zone)?.get(key)
  }

  /** Puts a waiter into the line of what has no room for it. */
  add(waiter: Waiter, refusal: Look): Line {
    const { zone } = refusal.ask.limit
    const lines = this.#lines.get(zone) ?? new Map<string, Line>()
    const line = lines.get(refusal.key) ?? new Line()
    this.#lines.set(zone, lines.set(refusal.key, line))
    zone.queues.add(this.#queue)
    zone.waiting++

    waiter.refusal = refusal
    waiter.line = line
    line.add(waiter)
    return line
  }

  /** Takes a waiter out of its line; false if it stands in none. */
  remove(waiter: Waiter): boolean {
    const { line, refusal } = waiter
    if (!line) return false
    const { zone } = refusal.ask.limit
    line.remove(waiter)
    waiter.line = undefined
    zone.waiting--

    const lines = this.#lines.get(zone)!
    if (line.length === 0) lines.delete(refusal.key)
    if (lines.size > 0) return true
    this.#lines.delete(zone)
    zone.queues.delete(this.#queue)
    return true
  }

  /** Takes out all who wait, and returns them in the order of their numbers. */
  takeAll(): Waiter[] {
    const all: Waiter[] = []
    for (const [zone, lines] of this.#lines) {
      zone.queues.delete(this.#queue)
      for (const { waiters } of lines.values()) {
        zone.waiting -= waiters.length
        for (const waiter of waiters.splice(0)) all.push(Object.assign(waiter, { line: undefined }))
      }
    }
    this.#lines.clear()
    return all.toSorted((a, b) => a.place.number - b.place.number)
  }
}
