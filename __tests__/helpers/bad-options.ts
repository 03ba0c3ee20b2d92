import { expect } from '@jest/globals'
import { LimitConnError } from '../../lib/index.ts'

/** Where a value stands, the value, how the message shows it, and what it says is accepted. */
export type Bad = readonly [path: string, value: unknown, shown: string, accepted: string]

/** Rows of one option: each value as the message shows it. */
export function bad(
  path: string,
  accepted: string,
  values: readonly (readonly [unknown, string])[],
): readonly Bad[] {
  return values.map(([value, shown]) => [path, value, shown, accepted])
}

/** What is no whole number. */
export const notWhole = [
  [0, '0'],
  [-1, '-1'],
  [1.5, '1.5'],
  [NaN, 'NaN'],
  [Infinity, 'Infinity'],
  ['5', '"5"'],
  [null, 'null'],
  [[], '[]'],
  [{}, '{}'],
  [true, 'true'],
  [5n, '5n'],
] as const

/** What is nothing that an option takes. */
export const oddities = [
  [null, 'null'],
  [{}, '{}'],
  [1, '1'],
  ['x', '"x"'],
  [Symbol('s'), 'Symbol(s)'],
] as const

const milliseconds = 'a whole number of milliseconds from 1 to'
const aLimit = 'a whole number >= 1, or a function'
const aKey = "a function or a template, such as byIp(), byHeader(name) or '$remote_addr'"
const aZone = 'a Zone, such as new Zone({ name: "per-ip" })'

/** Values that no policy on a server accepts. */
export const badSettings: readonly Bad[] = [
  ...bad('options.limit', aLimit, [...notWhole, [2 ** 53, '9007199254740992']]),
  ...bad('options.key', aKey, [...oddities.slice(0, 3), [true, 'true']]),
  ...bad('options.zone', aZone, [...oddities, [{ name: 'z' }, '{"name":"z"}']]),
  ...bad('options.dryRun', 'true or false', oddities),
  ...bad('options.limits', 'a list of at least one limit', [...oddities, [[], '[]']]),
  ...bad('options.timeoutMs', `${milliseconds} 600000`, [...notWhole, [600_001, '600001']]),
  ...bad('options.maxKeysPerConnection', 'a whole number from 1 to 65536', [...notWhole, [65_537, '65537']]),
  ...bad('options.logLevel', '"info", "notice", "warn", "error" or false', [...oddities, [true, 'true']]),
  ...bad('options.logger', 'an object with a method "error", for that is the logLevel', [
    ...oddities,
    [{ error: 1 }, '{"error":1}'],
  ]),
  ...bad('options.statusCode', 'a whole number from 400 to 599', [...notWhole, [399, '399'], [600, '600']]),
  ...bad('options.retryAfter', 'false, or a whole number of seconds from 1 to 31536000', [
    ...notWhole,
    [31_536_001, '31536001'],
  ]),
  ...bad('options.sweep', 'an object, such as { everyMs: 5000 }', [
    [5, '5'],
    [null, 'null'],
    [[], '[]'],
    [false, 'false'],
  ]),
  ...bad('options.sweep.everyMs', `${milliseconds} 86400000`, [...notWhole, [86_400_001, '86400001']]),
  ...bad('options.sweep.graceMs', `${milliseconds} 86400000`, [...notWhole, [86_400_001, '86400001']]),
  ...bad('options.warnings', 'an object, such as { oneKey: false }, true or false', [
    [null, 'null'],
    [1, '1'],
    [[], '[]'],
  ]),
  ...bad('options.warnings.oneKey', 'true or false', oddities),
]

/** Options that are good but for the value at a path, such as `options.sweep.everyMs`. */
export function optionsWith(path: string, value: unknown): object {
  const [, name = '', inner] = path.split('.')
  const given = inner === undefined ? value : { [inner]: value }
  return name === 'limits' ? { limits: given } : { limit: 1, [name]: given }
}

/** Fails unless it throws an error with this code, path and message. */
export function expectError(
  run: () => unknown,
  { code, option, message }: { code: string; option?: string | undefined; message: string },
): void {
  let thrown: unknown
  try {
    run()
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(LimitConnError)
  const error = thrown as LimitConnError
  expect({ code: error.code, option: error.option, message: error.message }).toEqual({
    code,
    option,
    message,
  })
}

/** Fails unless it refuses the value, and says which, where, and what instead. */
export function expectInvalid(run: () => unknown, [option, , shown, accepted]: Bad): void {
  const code = 'ERR_LIMIT_CONN_INVALID_OPTION'
  expectError(run, { code, option, message: `${option} is ${shown}; expected ${accepted}` })
}

/** Says of an option of that name that there is none, and what to write. */
export function expectUnknown(run: () => unknown, name: string, hint: string): void {
  expect(run).toThrow(`options.${name} is not an option; ${hint}`)
  const fields = { code: 'ERR_LIMIT_CONN_UNKNOWN_OPTION', option: `options.${name}` }
  expect(run).toThrow(expect.objectContaining(fields))
}
