import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants } from 'node:http2'
import type { Connection } from '../connection/connection.ts'
import { isStreamGone } from '../connection/session.ts'
import type { Decision } from '../core/decision.ts'
import type { Args, Ask } from '../core/limit.ts'
import type { LimitConnError } from '../errors.ts'
import type { Compiled } from '../options/middleware.ts'
import { ResponseExchange } from './exchange.ts'
import { setQuotas } from './quota.ts'
import { refuse, turnAway } from './refuse.ts'
import { Turn, type Door } from './turn.ts'

/** What Connect middleware is called with. */
export type Call = readonly [req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void]

/** A request on its way through middleware: it is answered by its response. */
export class RequestTurn extends Turn<Compiled> {
  declare readonly exchange: ResponseExchange
  readonly res: ServerResponse
  readonly next: (error?: unknown) => void

  constructor(door: Door<Compiled>, connection: Connection, [req, res, next]: Call) {
    super(door, req, ResponseExchange.of(connection, res))
    this.res = res
    this.next = next
  }

  override get args(): Args {
    return [this.req, this.res]
  }

  override pass(): void {
    this.next()
  }

  override fail(error: LimitConnError): void {
    this.next(error)
  }

  override refuse(decision: Decision): void {
    refuse(this, decision)
  }

  override turnAway(): void {
    turnAway(this)
  }

  override tellQuotas(asks: readonly Ask[]): void {
    setQuotas(this, asks)
  }

  /**
   * A stream with a code that sends nothing at once, in a turn of its own, and only if it has not ended: Node 20 may never
   * come back from the destroy of one whose client is gone, and takes all memory meanwhile.
   */
  override cut(): void {
    const { stream } = this.exchange
    if (!stream) this.connection.destroy()
    else if (!isStreamGone(stream)) setImmediate(() => stream.close(constants.NGHTTP2_CANCEL))
  }
}
