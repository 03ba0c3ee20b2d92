import type { Source } from '../core/source.ts'
import type { Limit } from '../core/limit.ts'
import type { Parsed } from '../core/policy.ts'
import { byIp } from '../key/ip.ts'
import { checkObject, invalid, whole, type Checks } from './check.ts'
import { requestKey, socketKey, type CompileKey, type GivenKey } from './keys.ts'
import {
  aLimitList,
  checkShared,
  limitChecks,
  listOf,
  zonesOf,
  type AnyLimit,
  type GivenLimits,
  type Limited,
  type LimitOptions,
} from './limits.ts'

/** What every policy takes: one limit, or several under `limits`. */
export interface PolicyOptions<A extends readonly unknown[]> extends Partial<LimitOptions<A>> {
  /** Several limits, instead of `limit`, `key` and `zone`. All that apply must have room, or none is taken. */
  readonly limits?: readonly LimitOptions<A>[]
  /** How long each of your functions may take, in milliseconds, 1 to 600,000. @default 1_000 */
  readonly timeoutMs?: number
  /** How many keys of one zone a connection may hold at one time, 1 to 65,536. @default 16 */
  readonly maxKeysPerConnection?: number
}

/** The options of a policy that decides on sources. */
export type SourceOptions = PolicyOptions<[source: Source]>

/** The options of a `Limiter`; `limit` or `limits` is required. */
export type LimiterOptions = SourceOptions & Limited<[source: Source]>

/** The checks of what every policy takes. */
export const policyChecks: Checks = {
  ...limitChecks,
  limits: aLimitList,
  timeoutMs: whole(1, 600_000, 'a whole number of milliseconds from 1 to 600000'),
  maxKeysPerConnection: whole(1, 65_536, 'a whole number from 1 to 65536'),
}

const defaultKey = byIp()
const policyDefaults = {
  timeoutMs: 1_000,
  maxKeysPerConnection: 16,
  dryRun: false,
  onLimit: 'reject',
  maxLifetimeMs: false,
  maxIdleMs: false,
} as const

/** Options whose values were checked one by one. */
export interface CheckedPolicy extends GivenLimits {
  readonly timeoutMs?: number
  readonly maxKeysPerConnection?: number
}

/** Checks the options of a `Limiter`. */
export function limiterConfig(options: unknown, before?: Parsed<SourceOptions>): Parsed<SourceOptions> {
  const checked = checkObject(options ?? {}, 'options', policyChecks) as CheckedPolicy
  const parsed = parsePolicy<SourceOptions>(checked, before, socketKey)
  for (const limit of parsed.limits) checkUnwatched(limit)
  return parsed
}

/** What takes a look at the socket, or a sweep: a `Limiter` has neither. */
function checkUnwatched(limit: Limit): void {
  for (const name of ['maxLifetimeMs', 'maxIdleMs'] as const) {
    if (limit[name] === false) continue
    const accepted = 'false: a Limiter closes nobody by time; limitServer, limitConn and limitUpgrade do'
    throw invalid(`${limit.path}.${name}`, limit[name], accepted)
  }
  if (limit.onLimit === 'evict-idle') {
    const accepted = '"evict-oldest" or "reject": a Limiter does not see when bytes move'
    throw invalid(`${limit.path}.onLimit`, limit.onLimit, accepted)
  }
}

/** Compiles the limits of options whose values were checked one by one. */
export function parsePolicy<O extends object>(
  checked: CheckedPolicy,
  before?: Parsed<O>,
  compileKey: CompileKey = requestKey,
): Parsed<O> {
  const list = listOf(checked)
  const keyed = list.map(withKey)
  const keys = keyed.map(({ key }, index) => compileKey(key, `${pathOf(checked, index)}.key`))
  const zones = zonesOf(keyed, before ? listOf(before.given).map(withKey) : [])
  const filled = list.map((limit, index) => ({ ...limit, zone: zones[index]! }))
  const defaults = { ...policyDefaults, ...checked }

  const complete = filled.map(withKey)
  const config = checked.limits
    ? { ...defaults, limits: Object.freeze(complete.map((limit) => Object.freeze(limit))) }
    : { ...defaults, ...complete[0] }
  const limits = complete.map(({ dryRun: isDryRun = defaults.dryRun, ...limit }, index): Limit => {
    const { onLimit, maxLifetimeMs, maxIdleMs, onEvict } = defaults
    const inherited = { onLimit, maxLifetimeMs, maxIdleMs, ...(onEvict && { onEvict }) }
    return { ...inherited, ...limit, key: keys[index]!, isDryRun, path: pathOf(checked, index) }
  })
  for (const limit of limits) checkShared(limit)
  return {
    config: Object.freeze(config) as unknown as O,
    given: (checked.limits ? { ...checked, limits: filled } : { ...checked, ...filled[0] }) as unknown as O,
    limits,
    timeoutMs: defaults.timeoutMs,
    maxKeysPerConnection: defaults.maxKeysPerConnection,
  }
}

function withKey<L extends AnyLimit>(limit: L): L & { readonly key: GivenKey } {
  return { key: defaultKey, ...limit }
}

function pathOf(checked: GivenLimits, index: number): string {
  return checked.limits ? `options.limits[${index}]` : 'options'
}
