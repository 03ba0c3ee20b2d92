import { closeOverdue, isBounded, prepare, prepareZone } from './bounds.ts'
import { openIn, trim } from './close.ts'
import { failed, gone, notLimited, type Outcome } from './decision.ts'
import { drain, type DrainReport } from './drain.ts'
import { enter } from './enter.ts'
import { reserve } from './reserve.ts'
import type { Holder } from './holder.ts'
import { GONE, type ReadableKey } from './key.ts'
import { evaluate, type Args, type Evaluation, type Limit } from './limit.ts'
import type { Entry } from './look.ts'
import { callWaiters, Queue, type Applicant, type QueueOptions } from './queue.ts'
import { forgetUse, noteUse } from './sharing.ts'
import type { Owner } from './slot.ts'
import type { Zone } from './zone.ts'
import { LimitConnError } from '../errors.ts'
import { aBoolean, checkObject, reading, whole } from '../options/check.ts'

/** Options after they were checked. */
export interface Parsed<O> {
  /** The options in the shape they were given, defaults filled in, frozen. */
  readonly config: Readonly<O>
  /** The options as they were given, with the zones that were made for them. */
  readonly given: O
  readonly limits: readonly Limit[]
  readonly timeoutMs: number
  readonly maxKeysPerConnection: number
  /** Where requests wait that find no room; undefined: nowhere. */
  readonly queue?: Required<QueueOptions> | undefined
}

/** What `setConfig` does with what is open. */
export interface SetConfigOptions {
  /**
   * Close the newest that are beyond a limit now, of those that this policy let in. Only for a limit that is a number: a
   * limit function is not asked again. A dry run closes nobody. false: they stay until they close by themselves.
   * @default false
   */
  readonly closeExcess?: boolean
}

const longestMs = 2 ** 31 - 1
const aTime = whole(0, longestMs, `a whole number of milliseconds from 0 to ${longestMs}`)

/** Who asks to be let in. */
export interface Admission extends Omit<Applicant, 'entry'> {
  readonly holder: Holder
  readonly evaluation: Evaluation
}

/** Checks options and compiles them; `before` is what was in force until now. Throws before anything changes. */
export type Parse<O, P extends Parsed<O>> = (options: unknown, before?: P) => P

/**
 * Limits that can be changed while they are in force. What all that limit have in common: `limitConn`, `limitUpgrade`,
 * `limitServer`, `Limiter`.
 *
 * A policy keeps its identity when its configuration changes: holders that it admitted stay admitted.
 */
export class Policy<O extends object, P extends Parsed<O>> implements Owner {
  readonly #parse: Parse<O, P>
  readonly #queue = new Queue(() => this.#parsed.queue)
  #parsed: P
  #dryZone: Zone | undefined
  #report: ((news: LimitConnError | string) => void) | undefined

  constructor(options: unknown, parse: Parse<O, P>) {
    this.#parse = parse
    this.#parsed = reading('options', options, () => parse(options))
    this.#adopt()
  }

  /** Notes of its zones and of what is open in them what is to be known later. */
  #adopt(): void {
    const { limits } = this.#parsed
    this.#dryZone = noteUse(this, limits)
    for (const limit of limits) prepareZone(this, limit)
  }

  get parsed(): P {
    return this.#parsed
  }

  get config(): Readonly<O> {
    return this.#parsed.config
  }

  get zones(): readonly Zone[] {
    return this.#parsed.limits.map((limit) => limit.zone)
  }

  /** A zone of this policy in which a dry-run limit met a limit of another. */
  get dryZone(): Zone | undefined {
    return this.#dryZone
  }

  /** The highest count of the key in the zones of this policy. */
  numOpen(key: ReadableKey): number {
    return Math.max(...this.zones.map((zone) => zone.count(key)))
  }

  /** Says where news go that there is nobody else to hand to; nowhere until then. */
  reportTo(report: (news: LimitConnError | string) => void): void {
    this.#report = report
  }

  report(news: LimitConnError | string): void {
    this.#report?.(news)
  }

  limitOn(zone: Zone): Limit | undefined {
    return this.#parsed.limits.find((limit) => limit.zone === zone)
  }

  /** Merges over what is in force. Open leases stay; the next holder meets the new configuration, and so do waiters. */
  setConfig(next: unknown, merge: (given: O, next: unknown) => unknown, options: unknown = {}): void {
    const { closeExcess } = checkObject(options, 'setConfig options', { closeExcess: aBoolean })
    const before = this.#parsed
    this.#parsed = reading('options', next, () => this.#parse(merge(before.given, next), before))
    forgetUse(this, before.limits)
    this.#adopt()

    // Nobody is to come in by the old limits while some are closed: their farewells may do anything.
    this.#queue.restart()
    if (closeExcess === true) this.#closeExcess()
  }

  #closeExcess(): void {
    for (const { limit, zone, isDryRun } of this.#parsed.limits)
      if (typeof limit === 'number' && !isDryRun) trim(zone, this, limit)
  }

  evaluate(args: Args): Evaluation | Promise<Evaluation> {
    const { limits, timeoutMs } = this.#parsed
    return evaluate(limits, args, timeoutMs)
  }

  /** Asks zones that several processes share, if there are any: to be waited for before `enter`, in the same turn. */
  reserve(holder: Holder, evaluation: Evaluation, request?: Holder): Promise<void> | undefined {
    const entry = this.#entryOf(holder, evaluation, request)
    return 'decision' in entry ? undefined : reserve(entry)
  }

  /** Decides on a holder, in one tick. */
  enter(holder: Holder, evaluation: Evaluation, request?: Holder): Outcome {
    const entry = this.#entryOf(holder, evaluation, request)
    if ('decision' in entry) return entry
    callWaiters()
    return enter(entry)
  }

  /** Decides on a request that is a holder, now or when its turn has come. */
  enterInTurn({ holder, evaluation, ...applicant }: Admission): void {
    const entry = this.#entryOf(holder, evaluation)
    if ('decision' in entry) applicant.decided(entry)
    else this.#queue.enter({ ...applicant, entry })
  }

  /** Ends what was let in here, to shut down; rejects with a LimitConnError for what is no time. */
  async drain(ms: unknown): Promise<DrainReport> {
    const time = aTime(ms, 'drain ms')
    this.stopWaiting()
    return await drain(() => openIn(this.zones, this), time)
  }

  /** Refuses the requests that wait; none waits any more. */
  stopWaiting(): void {
    this.#queue.stop()
  }

  /** Closes what on a connection was open, or silent, for longer than the limits of this policy allow. */
  closeOverdue(connection: Holder, quietMs: number): void {
    if (this.#parsed.limits.some(isBounded)) closeOverdue(this, connection, quietMs)
  }

  #entryOf(holder: Holder, evaluation: Evaluation, request?: Holder): Entry | Outcome {
    if (holder.isEnded || request?.isEnded || evaluation === GONE) return gone
    if (evaluation instanceof LimitConnError) return failed(evaluation)
    if (evaluation.length === 0) return notLimited

    for (const { limit } of evaluation) prepare(holder, limit)
    return { holder, owner: this, asks: evaluation, maxKeys: this.#parsed.maxKeysPerConnection, request }
  }
}
