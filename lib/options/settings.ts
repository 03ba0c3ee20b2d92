import type { Parsed } from '../core/policy.ts'
import { traitsOf } from '../key/traits.ts'
import type { Trust } from '../key/trust.ts'
import { methodFor, type Level, type Logger } from '../log/logger.ts'
import type { WarningOptions } from '../log/warner.ts'
import { checkObject, invalid, oneOf, whole, type Check, type Checks } from './check.ts'
import type { CompileKey } from './keys.ts'
import { parsePolicy, policyChecks } from './policy.ts'
import type { CompileSkip, Skip } from './skip.ts'
import { aWarningList } from './warnings.ts'

export interface SweepOptions {
  /** How often to look for connections whose end Node did not report, in milliseconds. @default 5_000 */
  readonly everyMs?: number
  /** How long a half-open or unread connection may be silent, in milliseconds. @default 30_000 */
  readonly graceMs?: number
}

/** What every policy on a server takes besides its limits. */
export interface Settings {
  /** Level of the line that tells of a refusal; false for none. @default 'error' */
  readonly logLevel?: Level | false
  /** console, or anything shaped like pino, winston or console. @default console */
  readonly logger?: Logger
  /** Status of a refusal, 400 to 599. @default 503 */
  readonly statusCode?: number
  /** Seconds for the header Retry-After, 1 to 31,536,000; false for none. @default false */
  readonly retryAfter?: number | false
  /** When to look for ends that Node did not report, and how long what is half-open or unread may be silent. */
  readonly sweep?: SweepOptions
  /** Which warnings are said of what looks wrong, once each: all, none, or all but those that are false. @default true */
  readonly warnings?: WarningOptions
}

/** Options of a policy on a server, compiled. */
export interface CompiledSettings<O> extends Parsed<O> {
  readonly logLevel: Level | false
  readonly logger: Logger
  readonly statusCode: number
  readonly retryAfter: number | false
  readonly sweep: Required<SweepOptions>
  readonly warnings: WarningOptions
  readonly message: unknown
  readonly skip: Skip
  readonly trusts: readonly Trust[]
}

const aDay = 86_400_000
const anInterval = whole(1, aDay, `a whole number of milliseconds from 1 to ${aDay}`)
const sweepChecks = { everyMs: anInterval, graceMs: anInterval }

/** The checks of what every policy on a server takes. */
export const settingChecks: Checks = {
  ...policyChecks,
  logLevel: oneOf<Level | false>('info', 'notice', 'warn', 'error', false),
  logger: (value) => value,
  statusCode: whole(400, 599, 'a whole number from 400 to 599'),
  retryAfter: aRetryAfter,
  sweep: (value, path) => checkObject(value, path, sweepChecks),
  warnings: aWarningList,
}

/** Tells no limit. */
export const defaultMessage = 'Too many connections, please try again later.\n'

const defaults = {
  logLevel: 'error',
  logger: console as unknown as Logger,
  statusCode: 503,
  message: defaultMessage,
  retryAfter: false,
  warnings: true,
  skip: [] as readonly string[],
} as const

const sweepDefaults = { everyMs: 5_000, graceMs: 30_000 }

/** One kind of policy: its options, and what stands where nothing is given. */
export interface Kind {
  readonly checks: Checks
  readonly defaults: object
  readonly compileSkip: CompileSkip
  readonly compileKey?: CompileKey
}

/** Checks and compiles the options of a policy on a server. */
export function compileSettings<O extends object, C extends CompiledSettings<O>>(
  kind: Kind,
  options: unknown,
  before?: C,
): C {
  const checked = checkObject(options ?? {}, 'options', kind.checks) as Partial<C>
  const settings = { ...defaults, ...kind.defaults, ...checked }
  const sweep = Object.freeze({ ...sweepDefaults, ...checked.sweep })
  checkLogger(settings.logger, settings.logLevel)

  const policy = parsePolicy<O>(checked, before, kind.compileKey)
  return {
    ...settings,
    ...policy,
    config: Object.freeze({ ...settings, ...policy.config, sweep }),
    skip: kind.compileSkip(settings.skip, 'options.skip'),
    trusts: policy.limits.flatMap(({ key }) => traitsOf(key).trust ?? []),
    sweep,
  } as unknown as C
}

/** Makes the check of `message`: a body, or a function of these parameters. */
export function aMessage(parameters: string): Check {
  const check = aBody(`text, a JSON value, or a function (${parameters}) that returns one`)
  return function checkMessage(value, path) {
    return typeof value === 'function' ? value : check(value, path)
  }
}

/** Makes the check of a body: text or a JSON value. */
export function aBody(accepted: string): Check {
  return function checkBody(value, path) {
    if (typeof value === 'string') return value
    try {
      if (JSON.stringify(value) !== undefined) return value
    } catch {
      // No JSON: refused below, with what was given.
    }
    throw invalid(path, value, accepted)
  }
}

/** Makes the check of `skip`; a list is kept as it was. */
export function aSkip(compileSkip: CompileSkip): Check {
  return function checkSkip(value, path) {
    compileSkip(value, path)
    return Array.isArray(value) ? Object.freeze([...value]) : value
  }
}

/** Makes the check of `reject`: a word, or a function of these parameters. */
export function aReject(words: readonly string[], parameters: string): Check {
  return function checkReject(value, path) {
    if (typeof value === 'function' || words.includes(value as string)) return value
    const list = words.map((word) => `"${word}"`).join(', ')
    throw invalid(path, value, `${list} or a function (${parameters})`)
  }
}

function checkLogger(logger: unknown, level: Level | false): void {
  if (level === false || methodFor(logger, level)) return
  const method = level === 'notice' ? '"notice" or "info"' : `"${level}"`
  throw invalid('options.logger', logger, `an object with a method ${method}, for that is the logLevel`)
}

function aRetryAfter(value: unknown, path: string): number | false {
  if (value === false) return false
  return whole(1, 31_536_000, 'false, or a whole number of seconds from 1 to 31536000')(value, path)
}
