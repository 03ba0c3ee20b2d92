import { IncomingMessage, type ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { Policy } from '../core/policy.ts'
import { LimitConnError } from '../errors.ts'
import { isInstance } from '../options/check.ts'
import { extendOptions } from '../options/merge.ts'
import {
  middlewareConfig,
  type Compiled,
  type MiddlewareOptions,
  type LimitConnOptions,
} from '../options/middleware.ts'
import { watched, withHandle, type Handle } from './handle.ts'
import { begin } from './passage.ts'
import { RequestTurn, type Call } from './request-turn.ts'
import { watchMaking } from './start.ts'
import { connectionOf, makeDoor } from './turn.ts'

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

/** What `limitConn` returns: Connect middleware, and the policy behind it. */
export interface LimitConn extends Handle<MiddlewareOptions> {
  (req: Request, res: Response, next: (error?: unknown) => void): void
  /** Refuses the requests that wait in the queue; none waits any more. The limits stay. */
  stop(): void
  /**
   * A policy of its own with other options, as nginx inherits: it has this one's limits, zones included, if and only
   * if none are given; every other option is inherited by itself.
   */
  extend(options: Partial<MiddlewareOptions>): LimitConn
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
  if (isInstance(options, IncomingMessage)) throw notCalled()

  const beside = watched(new Policy<MiddlewareOptions, Compiled>(options, middlewareConfig))
  const door = makeDoor(beside)
  const warnIfJustMade = watchMaking(door.warner, 'limitConn')

  function limitConnMiddleware(...call: Call): void {
    const [req, , next] = call
    if (typeof next !== 'function') throw missingNext()
    if (!req.socket) return next(noSocket())

    warnIfJustMade()
    const connection = connectionOf(req)
    if (connection) begin(new RequestTurn(door, connection, call))
  }

  function extend(over: unknown): LimitConn {
    return limitConn(extendOptions(beside.policy.parsed.given, over) as never)
  }
  const stop = (): void => beside.policy.stopWaiting()
  return Object.assign(withHandle(limitConnMiddleware, beside), { extend, stop }) as unknown as LimitConn
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
