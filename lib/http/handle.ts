import { Sweep } from '../connection/sweep.ts'
import type { DrainReport } from '../core/drain.ts'
import type { Policy, SetConfigOptions } from '../core/policy.ts'
import type { Zone } from '../core/zone.ts'
import { makeWarner, type Warner } from '../log/warner.ts'
import { mergeOptions } from '../options/merge.ts'
import type { CompiledSettings } from '../options/settings.ts'
import { warnAtStart } from './start.ts'

/** What every policy on a server has. */
export interface Handle<O> {
  /** The options in force, defaults filled in, frozen. */
  readonly config: Readonly<O>
  /** The zones of its limits, in their order. */
  readonly zones: readonly Zone[]
  /**
   * Merges options over those in force. They are checked whole before anything changes; open slots stay, unless
   * `{ closeExcess: true }` says otherwise.
   *
   * @throws LimitConnError for options that are not accepted, as when the policy was made
   */
  setConfig(next: Partial<O>, options?: SetConfigOptions): void
  /**
   * Ends what this policy has let in and counts, to shut down: what is idle at once, and whatever becomes so; after `ms`
   * milliseconds (0 to 2,147,483,647) the rest, upgraded sockets too. Resolves when all is closed, with how many ended in
   * which way: with `onEvict` up to a second after `ms`. Requests that wait are refused, and none waits any more.
   *
   * Call `server.close()` first: what comes meanwhile is let in as ever, and ended as well. What is skipped, and what
   * another policy let in, it does not know.
   *
   * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION, as a rejection
   * @see Node doc/api/http.md, server.close
   */
  drain(ms: number): Promise<DrainReport>
  /** @internal Connections that the sweep watches. */
  readonly watched: number
}

/** A policy, and what watches beside it. */
export interface Watched<O extends object, C extends CompiledSettings<O>> {
  readonly policy: Policy<O, C>
  readonly sweep: Sweep
  readonly warner: Warner
}

/** Puts what watches beside a policy that was just made, and says what looks wrong in its options. */
export function watched<O extends object, C extends CompiledSettings<O>>(
  policy: Policy<O, C>,
): Watched<O, C> {
  const sweep = new Sweep(policy.parsed.sweep, ({ holder }, quietMs) => policy.closeOverdue(holder, quietMs))
  const warner = makeWarner(() => policy.parsed)
  warnAtStart(policy.parsed, warner, policy.dryZone)
  return { policy, sweep, warner }
}

/** Gives a function or an object the handle of a policy. */
export function withHandle<T extends object, O extends object, C extends CompiledSettings<O>>(
  target: T,
  { policy, sweep, warner }: Watched<O, C>,
): T & Handle<O> {
  function setConfig(over: unknown, options?: SetConfigOptions): void {
    policy.setConfig(over, mergeOptions, options)
    sweep.setTimes(policy.parsed.sweep)
    warnAtStart(policy.parsed, warner, policy.dryZone)
  }

  return Object.defineProperties(target, {
    config: { get: () => policy.config, enumerable: true },
    zones: { get: () => policy.zones, enumerable: true },
    watched: { get: () => sweep.size },
    setConfig: { value: setConfig },
    drain: { value: async (ms: number) => await policy.drain(ms) },
  }) as T & Handle<O>
}
