import { LimitConnError } from '../errors.ts'
import { show } from '../options/check.ts'
import { extendOptions, mergeOptions } from '../options/merge.ts'
import { limiterConfig, type SourceOptions, type LimiterOptions } from '../options/policy.ts'
import { failed, gone, type Decision } from './decision.ts'
import type { Holder } from './holder.ts'
import type { ReadableKey } from './key.ts'
import { isThenable, type Evaluation } from './limit.ts'
import { Lease } from './lease.ts'
import { isPeerGone } from './peer.ts'
import { Policy, type Parsed, type SetConfigOptions } from './policy.ts'
import { holderOf, type Source } from './source.ts'
import type { Zone } from './zone.ts'

type Returned<F> = F extends (...args: never[]) => infer R ? R : never
type Returns<L> = L extends object ? { [N in keyof L]: Returned<L[N]> }[keyof L & ('key' | 'limit')] : never
type Functions<O> = Returns<O> | (O extends { readonly limits: readonly (infer L)[] } ? Returns<L> : never)

type Zones<O> =
  | (O extends { readonly zone: infer Z } ? Z : never)
  | (O extends { readonly limits: readonly (infer L)[] }
      ? L extends { readonly zone: infer Z }
        ? Z
        : never
      : never)

/** A zone that several processes share. */
interface Counted {
  countAll(...args: never[]): unknown
}

/** A Promise exactly where a zone is shared between processes, or a key or limit function answers with one. */
export type Accepted<O> = [Extract<Zones<O>, Counted>] extends [never] ? AcceptedHere<O> : Promise<Decision>

type AcceptedHere<O> = [Extract<Functions<O>, PromiseLike<unknown>>] extends [never]
  ? Decision
  : [Exclude<Functions<O>, PromiseLike<unknown>>] extends [never]
    ? Promise<Decision>
    : Decision | Promise<Decision>

/**
 * The transport-free limiter: decides on anything that ends with `close`, such as a `net.Socket`.
 *
 * ```ts
 * const decision = limiter.accept(socket)
 * if (!decision.passed) socket.destroy()
 * ```
 *
 * It answers; to refuse is up to the caller. It never throws at run time: see `decision.error`.
 *
 * @throws LimitConnError at construction, for options that are not accepted
 * @see go-connlimit limiter.go, Accept and NumOpen
 */
export class Limiter<const O extends LimiterOptions = LimiterOptions> {
  readonly #policy: Policy<SourceOptions, Parsed<SourceOptions>>
  constructor(options: O & Record<Exclude<keyof O, keyof LimiterOptions>, never>) {
    this.#policy = new Policy(options, limiterConfig)
  }

  /**
   * Counts a source until it closes, and says whether it passed. The same source takes no second slot.
   *
   * Call it when the source is new: what closed before is `GONE`.
   */
  accept(source: Source): Accepted<O> {
    // The holder comes first: a source that closes while a function is waited for must be seen to close.
    const holder = isSource(source) && !isPeerGone(source) ? holderOf(source) : undefined
    const decision = this.#decide(source, holder)
    const isShared = this.#policy.zones.some(({ share }) => share)
    return (isShared ? Promise.resolve(decision) : decision) as Accepted<O>
  }

  /** Slots taken under a key; with several limits, the highest count. */
  numOpen(key: ReadableKey): number {
    return this.#policy.numOpen(key)
  }

  /**
   * Merges options over those in force. They are checked whole before anything changes; open leases stay, unless
   * `{ closeExcess: true }` says otherwise: it destroys the newest sources beyond the limit.
   *
   * @throws LimitConnError as the constructor does
   */
  setConfig(next: Partial<SourceOptions>, options?: SetConfigOptions): void {
    this.#policy.setConfig(next, mergeOptions, options)
  }

  /** The options in force, defaults filled in, frozen. */
  get config(): Readonly<SourceOptions> {
    return this.#policy.config
  }

  get zones(): readonly Zone[] {
    return this.#policy.zones
  }

  /** A limiter of its own with other options; it has this one's limits if and only if none are given. */
  extend(options: Partial<SourceOptions>): Limiter {
    return new Limiter(extendOptions(this.#policy.parsed.given, options) as unknown as LimiterOptions)
  }

  #decide(source: Source, holder: Holder | undefined): Decision | Promise<Decision> {
    if (!holder) return isSource(source) ? gone.decision : failed(notASource(source)).decision

    const { parsed } = this.#policy
    const goOn = (evaluation: Evaluation): Decision | Promise<Decision> => {
      if (parsed !== this.#policy.parsed) return this.#decide(source, holder)
      const waits = this.#policy.reserve(holderOf(source), evaluation)
      return waits ? waits.then(() => goOn(evaluation)) : this.#enter(source, evaluation)
    }
    const evaluation = this.#policy.evaluate([source])
    return isThenable(evaluation) ? evaluation.then(goOn) : goOn(evaluation)
  }

  /** Asks for the holder again: a source that was destroyed by now has ended. */
  #enter(source: Source, evaluation: Evaluation): Decision {
    const holder = holderOf(source)
    const { decision } = this.#policy.enter(holder, evaluation)
    const owns = holder.slots.some((slot) => slot.claimOf(this.#policy))
    return decision.passed && owns ? { ...decision, lease: this.#leaseOf(holder) } : decision
  }

  /** One lease for a holder while it lasts: two leases on one slot would give it back twice. */
  #leaseOf(holder: Holder): Lease {
    const open = holder.leases?.find((lease) => lease.isOf(this.#policy) && !lease.isReleased)
    if (open) return open

    const lease = new Lease(holder, this.#policy)
    holder.leases = [...(holder.leases ?? []).filter(({ isReleased }) => !isReleased), lease]
    return lease
  }
}

function isSource(source: Source | undefined | null): boolean {
  return typeof source?.prependListener === 'function'
}

function notASource(source: unknown): LimitConnError {
  const message = `accept was given ${show(source)}; expected a socket or another event emitter`
  return new LimitConnError('ERR_LIMIT_CONN_INVALID_SOURCE', message)
}
