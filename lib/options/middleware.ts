import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Decision } from '../core/decision.ts'
import type { Parsed } from '../core/policy.ts'
import { traitsOf } from '../key/traits.ts'
import type { Trust } from '../key/trust.ts'
import { methodFor, type Level, type Logger } from '../log/logger.ts'
import type { WarningOptions } from '../log/warner.ts'
import { aFunction, checkObject, invalid, oneOf, whole } from './check.ts'
import { parsePolicy, policyChecks, type PolicyOptions } from './policy.ts'
import type { Call, Limited } from './limits.ts'
import { aWarningList } from './warnings.ts'
import { compileSkip, type Skip, type SkipFunction } from './skip.ts'

/** A response of HTTP/2 has what is used of this one; in one type with it, `res.write` could not be called. */
type Exchange = [req: IncomingMessage | Http2ServerRequest, res: ServerResponse]

/** Answers a refused request itself. `next(error)` hands it to the error handling; `next()` answers 503. */
export type RejectHandler = Call<[...Exchange, next: (error?: unknown) => void, decision: Decision], unknown>

/** Makes the body of a refusal: text, bytes or a JSON value. */
export type MessageFunction = Call<[...Exchange, decision: Decision], unknown>

export interface SweepOptions {
  /** How often to look for connections whose end Node did not report, in milliseconds. @default 5_000 */
  readonly everyMs?: number
  /** How long a half-open or unread connection may be silent, in milliseconds. @default 30_000 */
  readonly graceMs?: number
}

/** The options of middleware, each by itself. */
export interface MiddlewareOptions extends PolicyOptions<Exchange> {
  /**
   * What holds a slot: the connection, or the request. `'auto'`: requests on a connection that a trusted proxy opened,
   * connections otherwise.
   * @default 'auto'
   */
  readonly count?: 'auto' | 'connections' | 'requests'
  /** Level of the line that tells of a refusal; false for none. @default 'error' */
  readonly logLevel?: Level | false
  /** console, or anything shaped like pino, winston or console. @default console */
  readonly logger?: Logger
  /** Status of a refusal, 400 to 599. @default 503 */
  readonly statusCode?: number
  /** Body of a refusal: text, a JSON value or a function. @default a sentence that tells no limit */
  readonly message?: MessageFunction | string | number | boolean | object | null
  /** How to refuse: answer, close the socket, reset it, or a handler of yours. @default 'respond' */
  readonly reject?: 'respond' | 'destroy' | 'reset' | RejectHandler
  /** Seconds for the header Retry-After, 1 to 31,536,000; false for none. @default false */
  readonly retryAfter?: number | false
  /**
   * Whether to tell clients the limits that applied to them, and how: `'draft-8'` sets RateLimit-Policy and RateLimit on
   * answers that passed and on refusals.
   * @default false
   * @see draft-ietf-httpapi-ratelimit-headers-08
   */
  readonly headers?: false | 'draft-8'
  /** What is not counted: a function, or a list of exact paths, addresses and CIDRs. @default nothing */
  readonly skip?: SkipFunction | readonly string[]
  readonly sweep?: SweepOptions
  /** Which warnings are said of what looks wrong, once each: all, none, or all but those that are false. @default true */
  readonly warnings?: WarningOptions
}

/** The options of `limitConn`; `limit` or `limits` is required. */
export type LimitConnOptions = MiddlewareOptions & Limited<Exchange>

/** The options of `limitConn`, compiled. */
export interface Compiled extends Parsed<MiddlewareOptions> {
  readonly count: 'auto' | 'connections' | 'requests'
  readonly logLevel: Level | false
  readonly logger: Logger
  readonly skip: Skip
  readonly sweep: Required<SweepOptions>
  readonly trusts: readonly Trust[]
  readonly statusCode: number
  readonly message: unknown
  readonly reject: 'respond' | 'destroy' | 'reset' | RejectHandler
  readonly retryAfter: number | false
  readonly headers: false | 'draft-8'
  readonly warnings: WarningOptions
}

const aDay = 86_400_000
const anInterval = whole(1, aDay, `a whole number of milliseconds from 1 to ${aDay}`)
const rejectAccepted = '"respond", "destroy", "reset" or a function (req, res, next, decision)'
const aRejectHandler = aFunction(rejectAccepted)

const sweepChecks = { everyMs: anInterval, graceMs: anInterval }
const checks = {
  ...policyChecks,
  count: oneOf('auto', 'connections', 'requests'),
  logLevel: oneOf<Level | false>('info', 'notice', 'warn', 'error', false),
  logger: (value: unknown) => value,
  statusCode: whole(400, 599, 'a whole number from 400 to 599'),
  message: aMessage,
  reject: aReject,
  retryAfter: aRetryAfter,
  headers: oneOf<false | 'draft-8'>(false, 'draft-8'),
  skip: aSkip,
  sweep: (value: unknown, path: string) => checkObject(value, path, sweepChecks),
  warnings: aWarningList,
}

/** Tells no limit. */
export const defaultMessage = 'Too many connections, please try again later.\n'

const defaults = {
  count: 'auto',
  logLevel: 'error',
  logger: console as unknown as Logger,
  statusCode: 503,
  message: defaultMessage,
  reject: 'respond',
  retryAfter: false,
  headers: false,
  warnings: true,
  skip: [] as readonly string[],
} as const

/** Checks and compiles the options of `limitConn`. */
export function middlewareConfig(options: unknown, before?: Compiled): Compiled {
  const checked = checkObject(options ?? {}, 'options', checks) as MiddlewareOptions
  const settings = { ...defaults, ...checked }
  const sweep = Object.freeze({ everyMs: 5_000, graceMs: 30_000, ...checked.sweep })
  checkLogger(settings.logger, settings.logLevel)

  const policy = parsePolicy<MiddlewareOptions>(checked, before)
  return {
    ...settings,
    ...policy,
    config: Object.freeze({ ...settings, ...policy.config, sweep }),
    skip: compileSkip(settings.skip, 'options.skip'),
    trusts: policy.limits.flatMap(({ key }) => traitsOf(key).trust ?? []),
    sweep,
  }
}

function checkLogger(logger: unknown, level: Level | false): void {
  if (level === false || methodFor(logger, level)) return
  const method = level === 'notice' ? '"notice" or "info"' : `"${level}"`
  throw invalid('options.logger', logger, `an object with a method ${method}, for that is the logLevel`)
}

function aReject(value: unknown, path: string): unknown {
  if (value === 'respond' || value === 'destroy' || value === 'reset') return value
  return aRejectHandler(value, path)
}

function aRetryAfter(value: unknown, path: string): number | false {
  if (value === false) return false
  return whole(1, 31_536_000, 'false, or a whole number of seconds from 1 to 31536000')(value, path)
}

function aSkip(value: unknown, path: string): unknown {
  compileSkip(value, path)
  return Array.isArray(value) ? Object.freeze([...value]) : value
}

function aMessage(value: unknown, path: string): unknown {
  if (typeof value === 'function' || typeof value === 'string') return value
  try {
    if (JSON.stringify(value) !== undefined) return value
  } catch {
    // No JSON: refused below, with what was given.
  }
  throw invalid(path, value, 'text, a JSON value, or a function (req, res, decision) that returns one')
}
