import type { Decision, Outcome } from '../../lib/core/decision.ts'
import type { Holder } from '../../lib/core/holder.ts'
import type { Evaluation } from '../../lib/core/limit.ts'
import { Policy } from '../../lib/core/policy.ts'
import type { Place } from '../../lib/core/queue.ts'
import { Zone, type ZoneOptions } from '../../lib/core/zone.ts'
import { mergeOptions } from '../../lib/options/merge.ts'
import { middlewareConfig, type Compiled, type MiddlewareOptions } from '../../lib/options/middleware.ts'
import type { SetConfigOptions } from '../../lib/core/policy.ts'

export type TestPolicy = Policy<MiddlewareOptions, Compiled>

/** A key function that answers with one of the keys that a source brings along. */
export const nth =
  (index: number) =>
  (source: object): string | undefined =>
    (source as { readonly keys: readonly string[] }).keys[index]

/** Its options say all but the keys: each limit takes the one in its place. */
export function policyOf(options: MiddlewareOptions): TestPolicy {
  const limits = options.limits?.map((limit, index) => ({ key: nth(index), ...limit }))
  return new Policy(limits ? { ...options, limits } : { key: nth(0), ...options }, middlewareConfig)
}

export function zoneOf(options: Partial<ZoneOptions> = {}): Zone {
  return new Zone({ name: 'z', ...options })
}

/** A holder asks to come in under its keys, one for each limit. */
export function ask(policy: TestPolicy, holder: Holder, ...keys: readonly string[]): Outcome {
  return policy.enter(holder, evaluationOf(policy, keys))
}

export function change(policy: TestPolicy, next: MiddlewareOptions, options?: SetConfigOptions): void {
  policy.setConfig(next, mergeOptions, options)
}

export function evaluationOf(policy: TestPolicy, keys: readonly string[]): Evaluation {
  return policy.evaluate([{ keys }]) as Evaluation
}

/** A request that asks in turn, and what became of it. */
export interface Turn {
  readonly name: string
  readonly holder: Holder
  readonly decisions: Decision[]
  /** Set when it is to ask again; it asks again at once unless `isSlow`. */
  place?: Place
}

/** Asks in turn; `told` hears the names of those who were let in. */
export function queueUp(
  policy: TestPolicy,
  turn: Turn,
  { keys = ['a'], isSlow = false, told = [] as string[] } = {},
): Turn {
  const { holder, place } = turn
  policy.enterInTurn({
    holder,
    evaluation: evaluationOf(policy, keys),
    place,
    decided({ decision }) {
      turn.decisions.push(decision)
      if (decision.passed) told.push(turn.name)
    },
    askAgain(kept) {
      turn.place = kept
      if (!isSlow) queueUp(policy, turn, { keys, isSlow, told })
    },
  })
  return turn
}
