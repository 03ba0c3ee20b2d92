import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2Session } from 'node:http2'
import { Connection, type Visit } from '../connection/connection.ts'
import type { Sweep } from '../connection/sweep.ts'
import type { Policy } from '../core/policy.ts'
import type { Warner } from '../log/warner.ts'
import type { Compiled, MiddlewareOptions } from '../options/middleware.ts'
import { Exchange } from './exchange.ts'
import type { Journal } from './journal.ts'
import type { KeyWatch } from './key-watch.ts'

/** What a policy has at its door. */
export interface Door {
  readonly policy: Policy<MiddlewareOptions, Compiled>
  readonly sweep: Sweep
  readonly tell: Journal
  readonly warner: Warner
  readonly keyWatch: KeyWatch
}

/** What Connect middleware is called with. */
export type Call = readonly [req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void]

/** The connection that a request came in on; undefined if it is an HTTP/2 stream that has closed. */
export function connectionOf(
  req: IncomingMessage & { readonly stream?: { readonly session: Http2Session | undefined } },
): Connection | undefined {
  if (req.httpVersionMajor < 2) return Connection.of(req.socket)
  const session = req.stream?.session
  return session && Connection.ofSession(session)
}

/** A request on its way through a policy. */
export class Turn {
  readonly door: Door
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly next: (error?: unknown) => void
  readonly connection: Connection
  readonly exchange: Exchange
  /** The options in force when it was last asked who this is. */
  options: Compiled
  /** Set before anything is decided. */
  declare visit: Visit

  constructor(door: Door, connection: Connection, [req, res, next]: Call) {
    this.door = door
    this.req = req
    this.res = res
    this.next = next
    this.connection = connection
    this.exchange = Exchange.of(this.connection, res)
    this.options = door.policy.parsed
  }
}
