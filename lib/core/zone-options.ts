import { aBoolean, checkObject, invalid, oneOf, whole, type Check, type Checks } from '../options/check.ts'
import { mostCandidates } from './trials.ts'

export interface ZoneOptions {
  /** Name in logs and in `req.limitConn`. Need not be unique in a process. */
  readonly name: string
  /** Highest number of live keys, 1 to 16,777,216. @default 65_536 */
  readonly max?: number
  /** Highest number of idle keys whose statistics are remembered, 0 to 16,777,216. @default 1_024 */
  readonly maxIdle?: number
  /** What a new key meets when `max` keys are live; known keys go on as before. @default 'reject' */
  readonly onFull?: 'reject' | 'pass'
  /**
   * Show keys that are not addresses as they are, in logs, events and on pages. They may be secrets: a hash is shown
   * else, of this process alone.
   * @default false
   */
  readonly reveal?: boolean
  /** `'hash-ip'`: show a hash of addresses, too, also of the client in log lines. @default false */
  readonly privacy?: 'hash-ip' | false
  /**
   * Limits to try beside the real one, for `advise`: up to 30 whole numbers from 1 to 1,000,000 in ascending order; none: `[]`.
   * @default [1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1_000]
   */
  readonly candidates?: readonly number[]
}

const mostKeys = 2 ** 24
const highestCandidate = 1_000_000

/** The checks of what every zone takes. */
export const zoneChecks: Checks = {
  name: aName,
  max: whole(1, mostKeys, `a whole number from 1 to ${mostKeys}`),
  maxIdle: whole(0, mostKeys, `a whole number from 0 to ${mostKeys}`),
  onFull: oneOf('reject', 'pass'),
  reveal: aBoolean,
  privacy: oneOf<'hash-ip' | false>('hash-ip', false),
  candidates: aCandidateList,
}

/** Checks the options of a zone, and those of its kind that have checks of their own; `name` is required. */
export function checkZone<O extends ZoneOptions>(
  options: unknown,
  checks: Checks,
): Partial<O> & { name: string } {
  const checked = checkObject(options, 'zone', checks) as Partial<O>
  return { ...checked, name: aName(checked.name, 'zone.name') }
}

function aName(value: unknown, path: string): ReturnType<Check<string>> {
  if (typeof value === 'string' && /^(?!\.\.?$)[\w.:-]{1,64}$/.test(value)) return value
  throw invalid(path, value, 'a name of 1 to 64 letters, digits, "_", ".", ":" or "-", and not "." or ".."')
}

/** Checks a list of limits to try. */
export function aCandidateList(value: unknown, path: string): readonly number[] {
  const accepted = `up to ${mostCandidates} whole numbers from 1 to ${highestCandidate} in ascending order`
  if (!Array.isArray(value) || value.length > mostCandidates) throw invalid(path, value, accepted)
  const isAscending = value.every((each, i) => isCandidate(each) && (i === 0 || each > value[i - 1]))
  if (!isAscending) throw invalid(path, value, accepted)
  return Object.freeze([...(value as number[])])
}

function isCandidate(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= highestCandidate
}
