import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Decision } from '../core/decision.ts'
import type { QueueOptions } from '../core/queue.ts'
import { checkCount } from './count.ts'
import { oneOf, type Checks } from './check.ts'
import type { Call, Limited } from './limits.ts'
import type { PolicyOptions } from './policy.ts'
import { aQueue } from './queue.ts'
import {
  aMessage,
  aReject,
  aSkip,
  compileSettings,
  settingChecks,
  type CompiledSettings,
  type Settings,
} from './settings.ts'
import { requestSkip } from './skip.ts'

/** A response of HTTP/2 has what is used of this one; in one type with it, `res.write` could not be called. */
type Exchange = [req: IncomingMessage | Http2ServerRequest, res: ServerResponse]

/** Answers a refused request itself. `next(error)` hands it to the error handling; `next()` answers 503. */
export type RejectHandler = Call<[...Exchange, next: (error?: unknown) => void, decision: Decision], unknown>

/** Makes the body of a refusal: text, bytes or a JSON value. */
export type MessageFunction = Call<[...Exchange, decision: Decision], unknown>

/** Says that a request is not to be counted. */
export type SkipFunction = Call<[req: IncomingMessage | Http2ServerRequest], boolean | PromiseLike<boolean>>

/** What a policy on requests takes, middleware or not. */
export interface RequestSettings extends Settings {
  /**
   * What holds a slot: the connection, or the request. `'auto'`: requests on a connection that a trusted proxy opened,
   * connections otherwise.
   * @default 'auto'
   */
  readonly count?: 'auto' | 'connections' | 'requests'
  /**
   * Whether to tell clients the limits that applied to them, and how: `'draft-8'` sets RateLimit-Policy and RateLimit on
   * answers that passed and on refusals.
   * @default false
   * @see draft-ietf-httpapi-ratelimit-headers-08
   */
  readonly headers?: false | 'draft-8'
  /** What is not counted: a function, or a list of exact paths, addresses and CIDRs. @default nothing */
  readonly skip?: SkipFunction | readonly string[]
}

/** The options of middleware, each by itself. */
export interface MiddlewareOptions extends PolicyOptions<Exchange>, RequestSettings {
  /** Body of a refusal: text, a JSON value or a function. @default a sentence that tells no limit */
  readonly message?: MessageFunction | string | number | boolean | object | null
  /**
   * Lets requests that are counted by themselves wait for a slot, first come first served under each key. One that has
   * waited for `timeoutMs`, or that finds `max` others waiting under its key, is refused. A request that waits holds no
   * slot. Where connections are counted nobody waits; with `count: 'connections'` a queue throws.
   * @default false
   */
  readonly queue?: QueueOptions | false
  /** How to refuse: answer, close the socket, reset it, or a handler of yours. @default 'respond' */
  readonly reject?: 'respond' | 'destroy' | 'reset' | RejectHandler
}

/** The options of `limitConn`; `limit` or `limits` is required. */
export type LimitConnOptions = MiddlewareOptions & Limited<Exchange>

/** The options of a policy on requests, compiled. */
export interface CompiledRequests<O> extends CompiledSettings<O> {
  readonly count: 'auto' | 'connections' | 'requests'
  readonly headers: false | 'draft-8'
}

/** The options of `limitConn`, compiled. */
export interface Compiled extends CompiledRequests<MiddlewareOptions> {
  readonly reject: 'respond' | 'destroy' | 'reset' | RejectHandler
}

/** The checks of what every policy on requests takes. */
export const requestChecks: Checks = {
  ...settingChecks,
  count: oneOf('auto', 'connections', 'requests'),
  headers: oneOf<false | 'draft-8'>(false, 'draft-8'),
  skip: aSkip(requestSkip),
}

export const requestDefaults = { count: 'auto', headers: false, reject: 'respond' } as const

const kind = {
  checks: {
    ...requestChecks,
    queue: aQueue,
    message: aMessage('req, res, decision'),
    reject: aReject(['respond', 'destroy', 'reset'], 'req, res, next, decision'),
  },
  defaults: { ...requestDefaults, queue: false },
  compileSkip: requestSkip,
}

/** Checks and compiles the options of `limitConn`. */
export function middlewareConfig(options: unknown, before?: Compiled): Compiled {
  const parsed = compileSettings<MiddlewareOptions, Compiled>(kind, options, before)
  checkCount(parsed)
  return { ...parsed, queue: parsed.queue || undefined }
}
