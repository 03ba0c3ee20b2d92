import type { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage } from 'node:http'
import type { Http2Session } from 'node:http2'
import { Connection } from '../connection/connection.ts'
import type { Sweep } from '../connection/sweep.ts'
import type { Visit } from '../connection/visit.ts'
import type { Decision } from '../core/decision.ts'
import type { Args, Ask } from '../core/limit.ts'
import type { Policy } from '../core/policy.ts'
import type { Place } from '../core/queue.ts'
import type { LimitConnError } from '../errors.ts'
import { makeJournal, type Journal } from '../log/journal.ts'
import type { Warner } from '../log/warner.ts'
import type { CompiledRequests } from '../options/middleware.ts'
import { contextOf } from './context.ts'
import type { Exchange } from './exchange.ts'
import type { Watched } from './handle.ts'
import { KeyWatch } from './key-watch.ts'

/** A policy on requests, as those at its door need it. */
export interface DoorPolicy<C> extends Pick<
  Policy<never, never>,
  'zones' | 'limitOn' | 'report' | 'evaluate' | 'reserve' | 'enter' | 'enterInTurn'
> {
  readonly parsed: C
}

/** What a policy has at its door. */
export interface Door<C = CompiledRequests<object>> {
  readonly policy: DoorPolicy<C>
  readonly sweep: Sweep
  readonly journal: Journal<IncomingMessage>
  readonly warner: Warner
  readonly keyWatch: KeyWatch
}

/** Makes the door of a policy on requests. */
export function makeDoor<O extends object, C extends CompiledRequests<O>>({
  policy,
  sweep,
  warner,
}: Watched<O, C>): Door<C> {
  const journal = makeJournal(
    () => policy.parsed,
    (req: IncomingMessage) => contextOf(req, policy.parsed.trusts[0]),
  )
  policy.reportTo((news) => journal.news(news))
  return { policy, sweep, warner, journal, keyWatch: new KeyWatch(warner) }
}

/** The connection that a request came in on; undefined if it is an HTTP/2 stream that has closed. */
export function connectionOf(
  req: IncomingMessage & { readonly stream?: { readonly session: Http2Session | undefined } },
): Connection | undefined {
  if (req.httpVersionMajor < 2) return Connection.of(req.socket)
  const session = req.stream?.session
  return session && Connection.ofSession(session)
}

/** A request on its way through a policy; who sent it there says how it is answered. */
export abstract class Turn<C extends CompiledRequests<object> = CompiledRequests<object>> {
  readonly door: Door<C>
  readonly req: IncomingMessage
  readonly connection: Connection
  readonly exchange: Exchange
  /** The options in force when it was last asked who this is. */
  options: C
  /** Where it stood in line before the options changed. */
  place: Place | undefined
  /** Its asynchronous context, once it has waited in line. */
  scope: AsyncResource | undefined
  /** Set before anything is decided. */
  declare visit: Visit

  constructor(door: Door<C>, req: IncomingMessage, exchange: Exchange) {
    this.door = door
    this.req = req
    this.exchange = exchange
    this.connection = exchange.connection
    this.options = door.policy.parsed
  }

  /** The client has closed its side, and Node leaves it to us to see that. */
  get hasLeft(): boolean {
    return false
  }

  /** What the functions of the options are called with. */
  abstract get args(): Args

  /** The request goes on. */
  abstract pass(): void

  /** A function of the options failed: nobody is let in. */
  abstract fail(error: LimitConnError): void

  /** A limit was exceeded. */
  abstract refuse(decision: Decision): void

  /** It is not looked at: it came behind a refused request, or was refused before. */
  abstract turnAway(): void

  /** Tells the client its limits. */
  abstract tellQuotas(asks: readonly Ask[]): void

  /** The client has gone. */
  abstract cut(): void
}
