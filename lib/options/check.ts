import { isLimitConnError, LimitConnError } from '../errors.ts'
import { nearest } from './nearest.ts'

/** Checks one option: returns the value to use, or throws a LimitConnError that names the path. */
export type Check<T = unknown> = (value: unknown, path: string) => T

/** One check for each accepted option. */
export type Checks = Readonly<Record<string, Check>>

/**
 * Checks an object of options by name.
 *
 * @throws ERR_LIMIT_CONN_INVALID_OPTION if it is not an object, ERR_LIMIT_CONN_UNKNOWN_OPTION for a name without a check.
 */
export function checkObject(value: unknown, path: string, checks: Checks): Record<string, unknown> {
  const checked = noOptions()
  for (const [name, given] of Object.entries(givenIn(value, path))) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined
    if (!check) throw unknownOption(path, name, Object.keys(checks))
    checked[name] = reading(`${path}.${name}`, given, () => check(given, `${path}.${name}`))
  }
  return checked
}

/**
 * Reads what was given: where that fails, as a getter that throws does, the value at the path is not accepted.
 *
 * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION, with the failure as its cause; nothing else
 */
export function reading<T>(path: string, value: unknown, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (isLimitConnError(cause)) throw cause
    const message = `${path} is ${show(value)}; expected a value that can be read`
    throw new LimitConnError('ERR_LIMIT_CONN_INVALID_OPTION', message, { option: path, cause })
  }
}

/** `instanceof`, of what may be a Proxy that throws. */
export function isInstance(value: unknown, type: abstract new (...args: never[]) => unknown): boolean {
  try {
    return value instanceof type
  } catch {
    return false
  }
}

const examples: Readonly<Record<string, string>> = {
  advise: '{ maxRejectedShare: 0.01 }',
  collect: "{ prefix: 'app_' }",
  options: '{ limit: 10 }',
  'options.proxyProtocol': "{ trust: ['10.0.0.0/8'] }, or false",
  'options.queue': '{ max: 10 }',
  'options.sweep': '{ everyMs: 5000 }',
  'options.warnings': '{ oneKey: false }, true or false',
  'setConfig options': '{ closeExcess: true }',
  byHeader: "{ missing: 'address' }",
  byIp: "{ trustProxy: 'loopback' }",
  byTemplate: "{ trustProxy: 'loopback' }",
  statusRouter: '{ zones: policy.zones }',
  zone: "{ name: 'addr' }",
}

/** The options that have a value: undefined is as good as absent. */
export function givenIn(value: unknown, path: string): Record<string, unknown> {
  return reading(path, value, () => entriesIn(value, path))
}

function entriesIn(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const example = examples[path]
    throw invalid(path, value, example === undefined ? 'an object' : `an object, such as ${example}`)
  }
  return Object.assign(
    noOptions(),
    Object.fromEntries(Object.entries(value).filter(([, given]) => given !== undefined)),
  )
}

/** An object without a prototype: what somebody has put on that of all objects is no option of anybody. */
function noOptions(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>
}

/** Makes the error for a value that is not accepted. */
export function invalid(path: string, value: unknown, accepted: string): LimitConnError {
  const message = `${path} is ${show(value)}; expected ${accepted}`
  return new LimitConnError('ERR_LIMIT_CONN_INVALID_OPTION', message, { option: path })
}

export function whole(min: number, max: number, accepted: string): Check<number> {
  return function checkWhole(value, path) {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
    throw invalid(path, value, accepted)
  }
}

export function oneOf<T>(...values: readonly T[]): Check<T> {
  return function checkOneOf(value, path) {
    const found = values.find((accepted) => accepted === value)
    if (found !== undefined) return found
    throw invalid(
      path,
      value,
      values
        .map(show)
        .join(', ')
        .replace(/, (?=[^,]*$)/, ' or '),
    )
  }
}

export const aBoolean: Check<boolean> = oneOf(true, false)

export function aFunction(accepted: string): Check<(...args: never[]) => unknown> {
  return function checkFunction(value, path) {
    if (typeof value === 'function') return value as (...args: never[]) => unknown
    throw invalid(path, value, accepted)
  }
}

/** A value as a person reads it in a message: JSON where JSON has a form for it. Never long, and never fails. */
export function show(value: unknown): string {
  try {
    return shorten(textOf(value))
  } catch {
    return `${typeof value} that cannot be read`
  }
}

export function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}

function textOf(value: unknown): string {
  if (value instanceof RegExp) return String(value)
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number' || typeof value === 'symbol') return String(value)
  return json(value)
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** What the same thing is called by neighbours: express-rate-limit and others. */
const neighbours: Readonly<Record<string, string>> = {
  handler: 'reject',
  keyGenerator: 'key',
  level: 'logLevel',
  max: 'limit',
  size: 'max',
  standardHeaders: 'headers',
  status: 'statusCode',
}

/** Options that are looked for on a policy, or on one of its limits, and stand elsewhere. */
const elsewhere: Readonly<Record<string, string>> = {
  closeExcess: 'write setConfig(next, { closeExcess: true })',
  ipv6Subnet: 'write key: byIp({ ipv6Subnet })',
  proxyProtocol: 'it is one of limitServer: a header comes before the first request',
  queue: 'it is one of limitConn, beside limit or limits: there is one queue for all limits',
  trustProxy: 'write key: byIp({ trustProxy })',
}

function unknownOption(path: string, name: string, names: readonly string[]): LimitConnError {
  const neighbour = Object.hasOwn(neighbours, name) ? neighbours[name] : undefined
  const near = names.includes(neighbour ?? '') ? neighbour : nearest(name, names)
  const advice = names.includes('key') && Object.hasOwn(elsewhere, name) ? elsewhere[name] : undefined
  const others = advice ?? `the options are ${names.join(', ')}`
  const hint = near === undefined ? others : `did you mean ${near}?`
  const option = `${path}.${shorten(name)}`
  return new LimitConnError('ERR_LIMIT_CONN_UNKNOWN_OPTION', `${option} is not an option; ${hint}`, {
    option,
  })
}
