import { failed, gone, notLimited, type Outcome } from './decision.ts'
import { enter } from './enter.ts'
import type { Holder } from './holder.ts'
import { GONE, type ReadableKey } from './key.ts'
import { evaluate, type Args, type Evaluation, type Limit } from './limit.ts'
import { forgetUse, noteUse } from './sharing.ts'
import type { Zone } from './zone.ts'
import { LimitConnError } from '../errors.ts'

/** Options after they were checked. */
export interface Parsed<O> {
  /** The options in the shape they were given, defaults filled in, frozen. */
  readonly config: Readonly<O>
  /** The options as they were given, with the zones that were made for them. */
  readonly given: O
  readonly limits: readonly Limit[]
  readonly timeoutMs: number
  readonly maxKeysPerConnection: number
}

/** Checks options and compiles them; `before` is what was in force until now. Throws before anything changes. */
export type Parse<O, P extends Parsed<O>> = (options: unknown, before?: P) => P

/**
 * Limits that can be changed while they are in force. What `limitConn` and `Limiter` have in common.
 *
 * A policy keeps its identity when its configuration changes: holders that it admitted stay admitted.
 */
export class Policy<O extends object, P extends Parsed<O>> {
  readonly #parse: Parse<O, P>
  #parsed: P
  #dryZone: Zone | undefined

  constructor(options: unknown, parse: Parse<O, P>) {
    this.#parse = parse
    this.#parsed = parse(options)
    this.#dryZone = noteUse(this, this.#parsed.limits)
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

  /** Merges over what is in force. Open leases stay; the next holder meets the new configuration. */
  setConfig(next: unknown, merge: (given: O, next: unknown) => unknown): void {
    const before = this.#parsed
    this.#parsed = this.#parse(merge(before.given, next), before)
    forgetUse(this, before.limits)
    this.#dryZone = noteUse(this, this.#parsed.limits)
  }

  evaluate(args: Args): Evaluation | Promise<Evaluation> {
    const { limits, timeoutMs } = this.#parsed
    return evaluate(limits, args, timeoutMs)
  }

  /** Decides on a holder, in one tick. */
  enter(holder: Holder, evaluation: Evaluation, request?: Holder): Outcome {
    if (holder.isEnded || request?.isEnded || evaluation === GONE) return gone
    if (evaluation instanceof LimitConnError) return failed(evaluation)
    if (evaluation.length === 0) return notLimited

    const { maxKeysPerConnection: maxKeys } = this.#parsed
    return enter({ holder, owner: this, asks: evaluation, maxKeys, request })
  }
}
