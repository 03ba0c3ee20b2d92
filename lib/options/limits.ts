import type { Socket } from 'node:net'
import type { OnLimit } from '../core/evict.ts'
import type { KeyValue } from '../core/key.ts'
import type { Limit } from '../core/limit.ts'
import type { Cause } from '../core/stats.ts'
import { Zone } from '../core/zone.ts'
import { LimitConnError } from '../errors.ts'
import { aBoolean, aFunction, checkObject, invalid, oneOf, whole, type Checks } from './check.ts'
import { aKey } from './keys.ts'

/** A function whose parameters may be narrower than declared: an Express request for an IncomingMessage. */
export type Call<A extends readonly unknown[], R> = { call(...args: A): R }['call']

/** One limit: at most `limit` slots under each key of a zone. */
export interface LimitOptions<A extends readonly unknown[]> {
  /**
   * Highest number of slots under one key: a whole number >= 1; or a function that answers with a whole number >= 0 or
   * Infinity, or a Promise of it.
   */
  readonly limit: number | Call<A, number | PromiseLike<number>>
  /** Who is counted: a function, or a template of nginx; empty: the limit does not apply. @default byIp() */
  readonly key?: string | Call<A, KeyValue | PromiseLike<KeyValue>>
  /** Where it is counted. @default a zone of its own, named limit-conn, limit-conn-2 and so on */
  readonly zone?: Zone
  /** Look, count and report, but never reject. @default false */
  readonly dryRun?: boolean
  /**
   * What becomes of a newcomer that finds no room under its key. `'reject'`: it is refused. `'evict-oldest'`: the oldest
   * connection of that key is closed, and the newcomer let in. `'evict-idle'`: the one without a byte for longest is
   * closed, those in the middle of a request last. Nobody is closed unless every other limit has room too, or makes it.
   *
   * Whoever has the key can close the others that have it: evict only under keys that nobody else can show. A request that
   * is counted by itself closes nobody and is closed for nobody; with `count: 'requests'` eviction throws.
   * A `Limiter` refuses `'evict-idle'`: it does not see when bytes move.
   * @default 'reject'
   * @see docs/at-the-limit.md
   */
  readonly onLimit?: OnLimit
  /**
   * Called when a connection that this limit let in is closed for one of the causes, with its socket: to send a close
   * frame, or a last line. The slot is free already. A raw TCP, TLS or upgraded socket is closed 900 ms later, one that
   * speaks HTTP, on which nothing is to be written, as soon as it was called; each at once if it fails, which is logged.
   * Not called for a request that is counted by itself.
   */
  readonly onEvict?: Call<[socket: Socket, cause: Cause], unknown>
  /**
   * How long a connection may be open, in milliseconds, 1 to 2,147,483,647, from when a limit with a lifetime first met
   * it: the next sweep closes it, whatever runs on it. false: for ever. A `Limiter` refuses it.
   * @default false
   */
  readonly maxLifetimeMs?: number | false
  /**
   * How long no byte may move on a connection, either way, in milliseconds, 1 to 2,147,483,647: the next sweep
   * closes it. A request whose handler takes so long to answer is silent, too. false: for ever. A `Limiter` refuses it.
   * @default false
   */
  readonly maxIdleMs?: number | false
}

/** That a limit is given, or a list of them. */
export type Limited<A extends readonly unknown[]> =
  Pick<LimitOptions<A>, 'limit'> | { readonly limits: readonly LimitOptions<A>[] }

/** A limit whose values were checked. */
export type AnyLimit = LimitOptions<readonly never[]>

/** Limits as they were given: one, or a list. */
export interface GivenLimits extends Partial<AnyLimit> {
  readonly limits?: readonly AnyLimit[]
}

const limitAccepted = 'a whole number >= 1, or a function'
const longestMs = 2 ** 31 - 1
const aTime = whole(1, longestMs, `false, or a whole number of milliseconds from 1 to ${longestMs}`)
const aNumber = whole(1, Number.MAX_SAFE_INTEGER, limitAccepted)

/** Throws for what is not done across processes. */
export function checkShared({ zone, onLimit, path }: Limit): void {
  if (!zone.share || onLimit === 'reject') return
  throw invalid(
    `${path}.onLimit`,
    onLimit,
    '"reject" in a shared zone: another process cannot be made to close',
  )
}

/** The checks of one limit. */
export const limitChecks: Checks = {
  limit: aLimit,
  key: aKey,
  zone: aZone,
  dryRun: aBoolean,
  onLimit: oneOf<OnLimit>('reject', 'evict-oldest', 'evict-idle'),
  onEvict: aFunction('a function (socket, cause) that says a last word'),
  maxLifetimeMs: aBound,
  maxIdleMs: aBound,
}

/** A limit as it was given, as far as its zone goes. */
export interface Keyed {
  readonly key: unknown
  readonly zone?: Zone
}

const ownZones = new WeakSet<Zone>()
let zonesMade = 0

/** The limits as a list; a single one stands on the options themselves. */
export function listOf(checked: GivenLimits): readonly AnyLimit[] {
  const { limit, key, zone } = checked
  if (checked.limits) {
    const beside = Object.entries({ limit, key, zone }).find(([, value]) => value !== undefined)
    if (beside) throw besideLimits(beside[0])
    return checked.limits
  }
  if (limit === undefined) throw missingLimit('options.limit')
  return [{ limit, ...(key !== undefined && { key }), ...(zone && { zone }) }]
}

/**
 * A zone for each limit: the one given; else the own one of an earlier limit with the same key, or in the same place of
 * the list; else a new one.
 */
export function zonesOf(list: readonly Keyed[], earlier: readonly Keyed[]): readonly Zone[] {
  const zones = list.map((limit) => limit.zone)
  const repeated = zones.findIndex((zone, index) => zone && zones.indexOf(zone) < index)
  if (repeated >= 0) throw duplicateZone(repeated, zones[repeated]!)

  const isFree = (zone: Zone | undefined): boolean =>
    zone !== undefined && ownZones.has(zone) && !zones.includes(zone)
  for (const [index, { key }] of list.entries()) {
    zones[index] ??= earlier.find((limit) => limit.key === key && isFree(limit.zone))?.zone
  }
  return zones.map((zone, index) => {
    const inPlace = earlier[index]?.zone
    return zone ?? (inPlace && isFree(inPlace) ? inPlace : makeZone())
  })
}

function makeZone(): Zone {
  const zone = new Zone({ name: ++zonesMade === 1 ? 'limit-conn' : `limit-conn-${zonesMade}` })
  ownZones.add(zone)
  return zone
}

export function aLimitList(value: unknown, path: string): readonly AnyLimit[] {
  if (!Array.isArray(value) || value.length === 0) throw invalid(path, value, 'a list of at least one limit')
  return Array.from(value, (limit: unknown, index) => {
    const checked = checkObject(limit, `${path}[${index}]`, limitChecks)
    if (checked['limit'] === undefined) throw missingLimit(`${path}[${index}].limit`)
    return checked as unknown as AnyLimit
  })
}

function aLimit(value: unknown, path: string): number | Call<never[], unknown> {
  return typeof value === 'function' ? (value as Call<never[], unknown>) : aNumber(value, path)
}

function aBound(value: unknown, path: string): number | false {
  return value === false ? value : aTime(value, path)
}

function aZone(value: unknown, path: string): Zone {
  if (value instanceof Zone) return value
  throw invalid(path, value, 'a Zone, such as new Zone({ name: "per-ip" })')
}

function missingLimit(path: string): LimitConnError {
  const message = `${path} is missing; expected ${limitAccepted}, such as { limit: 10 }`
  return new LimitConnError('ERR_LIMIT_CONN_MISSING_LIMIT', message, { option: path })
}

function besideLimits(name: string): LimitConnError {
  return new LimitConnError(
    'ERR_LIMIT_CONN_LIMIT_AND_LIMITS',
    `options.${name} stands beside options.limits; give one limit or a list, and to setConfig of a policy with a list the whole list`,
    { option: `options.${name}` },
  )
}

function duplicateZone(index: number, zone: Zone): LimitConnError {
  const path = `options.limits[${index}].zone`
  return new LimitConnError(
    'ERR_LIMIT_CONN_DUPLICATE_ZONE',
    `${path} is duplicate: another limit of this policy uses zone "${zone.name}"; give each limit its own zone`,
    { option: path },
  )
}
