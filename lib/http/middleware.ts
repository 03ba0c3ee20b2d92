import { IncomingMessage, type ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { Sweep } from '../connection/sweep.ts'
import { Policy } from '../core/policy.ts'
import type { Zone } from '../core/zone.ts'
import { LimitConnError } from '../errors.ts'
import { extendOptions, mergeOptions } from '../options/merge.ts'
import { makeWarner } from '../log/warner.ts'
import {
  middlewareConfig,
  type Compiled,
  type MiddlewareOptions,
  type LimitConnOptions,
} from '../options/middleware.ts'
import { makeJournal } from './journal.ts'
import { KeyWatch } from './key-watch.ts'
import { begin } from './passage.ts'
import { warnAtStart } from './start.ts'
import { connectionOf, Turn, type Call } from './turn.ts'

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

const madeForRequest =
  'limitConn was called inside a request handler; if that is so for each request, each has a policy of its own and nothing is limited: call it once'

/** What `limitConn` returns: Connect middleware, and the policy behind it. */
export interface LimitConn {
  (req: Request, res: Response, next: (error?: unknown) => void): void
  /** The options in force, defaults filled in, frozen. */
  readonly config: Readonly<MiddlewareOptions>
  readonly zones: readonly Zone[]
  /**
   * Merges options over those in force. They are checked whole before anything changes; open slots stay.
   *
   * @throws LimitConnError as `limitConn` does
   */
  setConfig(next: Partial<MiddlewareOptions>): void
  /**
   * A policy of its own with other options, as nginx inherits: it has this one's limits, zones included, if and only
   * if none are given; every other option is inherited by itself.
   */
  extend(options: Partial<MiddlewareOptions>): LimitConn
  /** @internal Connections that the sweep watches. */
  readonly watched: number
}

/**
 * Makes middleware that limits how many connections (or requests in flight) a client may hold.
 *
 * ```ts
 * app.use(limitConn({ limit: 10 }))
 * ```
 *
 * It sees a connection from the first request on whose headers are complete. It never throws at run time: what goes
 * wrong in a function of yours goes to `next` as a LimitConnError, and nobody is let in by it.
 *
 * @throws LimitConnError for options that are not accepted, with a code and the path of the option
 * @see nginx src/http/modules/ngx_http_limit_conn_module.c
 */
export function limitConn(options: LimitConnOptions): LimitConn
export function limitConn(...args: readonly unknown[]): LimitConn | void {
  const [options, , third] = args
  if (typeof third === 'function') return void third(notCalled())
  if (options instanceof IncomingMessage) throw notCalled()

  const policy = new Policy<MiddlewareOptions, Compiled>(options, middlewareConfig)
  const sweep = new Sweep(policy.parsed.sweep)
  const warner = makeWarner(() => policy.parsed)
  const keyWatch = new KeyWatch(warner)
  const door = { policy, sweep, tell: makeJournal(() => policy.parsed), warner, keyWatch }
  let isBeingMade = true

  warnAtStart(policy.parsed, warner, policy.dryZone)
  queueMicrotask(() => (isBeingMade = false))

  function limitConnMiddleware(...call: Call): void {
    const [req, , next] = call
    if (typeof next !== 'function') throw missingNext()
    if (!req.socket) return next(noSocket())

    if (isBeingMade) warner.warn('builtPerRequest', madeForRequest)

    const connection = connectionOf(req)
    if (connection) begin(new Turn(door, connection, call))
  }

  function setConfig(over: unknown): void {
    policy.setConfig(over, mergeOptions)
    sweep.setTimes(policy.parsed.sweep)
    warnAtStart(policy.parsed, warner, policy.dryZone)
  }

  return Object.defineProperties(limitConnMiddleware, {
    config: { get: () => policy.config },
    zones: { get: () => policy.zones },
    watched: { get: () => sweep.size },
    setConfig: { value: setConfig },
    extend: { value: (over: unknown) => limitConn(extendOptions(policy.parsed.given, over) as never) },
  }) as unknown as LimitConn
}

function notCalled(): LimitConnError {
  return new LimitConnError(
    'ERR_LIMIT_CONN_NOT_CALLED',
    'limitConn was mounted without being called; write app.use(limitConn({ limit: 10 }))',
  )
}

function missingNext(): LimitConnError {
  const form =
    '(req, res) => policy(req, res, (error) => (error ? res.writeHead(500).end() : handler(req, res)))'
  return new LimitConnError(
    'ERR_LIMIT_CONN_MISSING_NEXT',
    `the middleware was called without next; on a bare server write ${form}`,
  )
}

function noSocket(): LimitConnError {
  const message =
    'limitConn met a request without a socket; call it with (req, res, next), over HTTP/2 too, not with a stream'
  return new LimitConnError('ERR_LIMIT_CONN_INVALID_SOURCE', message)
}
