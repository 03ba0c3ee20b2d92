import { warningCodes, type WarningOptions } from '../log/warner.ts'
import { aBoolean, checkObject, type Checks } from './check.ts'

const checks: Checks = Object.fromEntries(Object.keys(warningCodes).map((name) => [name, aBoolean]))

/** Checks `warnings`. @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION, ERR_LIMIT_CONN_UNKNOWN_OPTION */
export function aWarningList(value: unknown, path: string): WarningOptions {
  if (typeof value === 'boolean') return value
  return Object.freeze({ ...checkObject(value, path, checks) })
}
