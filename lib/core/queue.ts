import { tellQueued } from './channels.ts'
import { gone, type Outcome } from './decision.ts'
import { isLook, refuse, tryToEnter } from './enter.ts'
import { lookAt, type Entry, type Look } from './look.ts'
import { Lines, type Line, type Waiter } from './line.ts'
import type { Zone } from './zone.ts'

/** How many requests may wait for a slot, and for how long. */
export interface QueueOptions {
  /** Most requests that wait under one key, 1 to 65,536; required. */
  readonly max: number
  /** How long one waits at most, in milliseconds, 1 to 600,000. @default 5_000 */
  readonly timeoutMs?: number
}

/** Who wants to come in, and may wait for it. */
export interface Applicant {
  readonly entry: Entry
  /** Where it stood in line before the options changed. */
  readonly place?: Place | undefined
  /** It was decided. May be called at once, or in the middle of what others do. */
  readonly decided: (outcome: Outcome) => void
  /** The options have changed: it is to ask again, and keeps its place. */
  readonly askAgain: (place: Place) => void
}

/** A place in line: who came first, and until when it waits. */
export interface Place {
  readonly number: number
  readonly untilMs: number
}

/** Queues in which a slot has become free since they were last looked at. */
const awake = new Set<Queue>()

/** Lets those in who wait for what has become free: whoever comes now comes behind them. */
export function callWaiters(): void {
  for (const queue of awake) queue.callAll()
}

/**
 * The requests of one policy that wait for a slot, first come first served under each key.
 *
 * A waiter holds nothing. It stands in the line of the key that has no room for it, is looked at again when a slot is given
 * back there, and goes to the line of another key if that has no room by then, or others who came before it stand there:
 * to where its number belongs.
 */
export class Queue {
  readonly #options: () => Required<QueueOptions> | undefined
  readonly #lines = new Lines(this)
  readonly #woken = new Set<Line>()
  #next = 0
  #isStopped = false

  constructor(options: () => Required<QueueOptions> | undefined) {
    this.#options = options
  }

  /** Lets an applicant in, refuses it, or lets it wait. */
  enter(applicant: Applicant): void {
    callWaiters()
    const found = this.#behind(applicant.entry, applicant.place) ?? tryToEnter(applicant.entry)
    if (!isLook(found)) return applicant.decided(found)
    if (!this.#wait(applicant, found)) applicant.decided(refuse(applicant.entry, found))
  }

  /** A slot was given back. Nobody is called before what gives it back is done. */
  wake(zone: Zone, key: string): void {
    const line = this.#lines.at(zone, key)
    if (!line) return
    if (awake.size === 0) process.nextTick(callWaiters)
    awake.add(this)
    this.#woken.add(line)
  }

  callAll(): void {
    awake.delete(this)
    for (const line of this.#woken) {
      this.#woken.delete(line)
      this.#call(line)
    }
  }

  /** Everybody asks again, in the order in which they came. */
  restart(): void {
    for (const waiter of this.#takeAll()) waiter.applicant.askAgain(waiter.place)
  }

  /** Refuses those who wait, and lets nobody wait any more. */
  stop(): void {
    this.#isStopped = true
    for (const waiter of this.#takeAll()) this.#refuse(waiter)
  }

  /** What somebody meets who comes behind others under one of its keys. */
  #behind(entry: Entry, place?: Place): Look | undefined {
    if (this.#lines.isEmpty) return undefined
    for (const ask of entry.asks) {
      for (const key of ask.keys) {
        const first = this.#lines.at(ask.limit.zone, key)?.first
        if (!first || (place && place.number <= first.place.number)) continue
        const look = lookAt(entry, ask, key)
        if (look.finding !== 'held') return { ...look, finding: 'over' }
      }
    }
    return undefined
  }

  #wait(applicant: Applicant, refusal: Look): boolean {
    const options = this.#options()
    if (!options || this.#isStopped || refusal.finding !== 'over') return false
    const { zone } = refusal.ask.limit
    const isNew = !applicant.place
    if (isNew && (this.#lines.at(zone, refusal.key)?.length ?? 0) >= options.max) return false

    const place = applicant.place ?? { number: this.#next++, untilMs: performance.now() + options.timeoutMs }
    const timer = setTimeout(() => this.#giveUp(waiter), Math.max(1, place.untilMs - performance.now()))
    const waiter: Waiter = { applicant, place, timer, refusal }
    const line = this.#lines.add(waiter, refusal)
    applicant.entry.holder.onEnd(() => this.#leave(waiter))
    if (isNew) {
      zone.tally('queued')
      tellQueued({ zone: zone.name, waiting: line.length })
    }
    return true
  }

  /** Lets in as many of a line as there is room for, the first first: nobody overtakes. */
  #call(line: Line): void {
    for (let waiter = line.first; waiter; waiter = line.first) {
      const found = this.#lookAgain(waiter)
      if (isLook(found) && isSame(found, waiter.refusal)) return
      this.#lines.remove(waiter)
      if (isLook(found) && found.finding === 'over') this.#lines.add(waiter, found)
      else this.#decide(waiter, isLook(found) ? refuse(waiter.applicant.entry, found) : found)
    }
  }

  /** A client may have left in silence: nobody reads meanwhile, and so nobody was told. */
  #lookAgain({ applicant: { entry }, place }: Waiter): Outcome | Look {
    if (entry.holder.pulse() === 'gone') return gone
    return this.#behind(entry, place) ?? tryToEnter(entry)
  }

  #decide(waiter: Waiter, outcome: Outcome): void {
    clearTimeout(waiter.timer)
    waiter.applicant.decided(outcome)
  }

  #refuse(waiter: Waiter): void {
    this.#decide(waiter, refuse(waiter.applicant.entry, waiter.refusal))
  }

  /** It has waited for long enough. */
  #giveUp(waiter: Waiter): void {
    this.#leave(waiter)
    this.#refuse(waiter)
  }

  /** Whoever stood behind it may fit in where it did not. */
  #leave(waiter: Waiter): void {
    clearTimeout(waiter.timer)
    if (this.#lines.remove(waiter)) this.wake(waiter.refusal.ask.limit.zone, waiter.refusal.key)
  }

  #takeAll(): Waiter[] {
    const waiters = this.#lines.takeAll()
    for (const { timer } of waiters) clearTimeout(timer)
    return waiters
  }
}

function isSame(one: Look, other: Look): boolean {
  return one.finding === 'over' && one.key === other.key && one.ask.limit.zone === other.ask.limit.zone
}
