import { checkObject, invalid, oneOf, whole, type Check, type Checks } from '../options/check.ts'

export interface ZoneOptions {
  /** Name in logs and in `req.limitConn`. Need not be unique in a process. */
  readonly name: string
  /** Highest number of live keys, 1 to 16,777,216. @default 65_536 */
  readonly max?: number
  /** Highest number of idle keys whose statistics are remembered, 0 to 16,777,216. @default 1_024 */
  readonly maxIdle?: number
  /** What a new key meets when `max` keys are live; known keys go on as before. @default 'reject' */
  readonly onFull?: 'reject' | 'pass'
}

const mostKeys = 2 ** 24

/** The checks of what every zone takes. */
export const zoneChecks: Checks = {
  name: aName,
  max: whole(1, mostKeys, `a whole number from 1 to ${mostKeys}`),
  maxIdle: whole(0, mostKeys, `a whole number from 0 to ${mostKeys}`),
  onFull: oneOf('reject', 'pass'),
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
  if (typeof value === 'string' && /^[\w.:-]{1,64}$/.test(value)) return value
  throw invalid(path, value, 'a name of 1 to 64 letters, digits, "_", ".", ":" or "-"')
}
