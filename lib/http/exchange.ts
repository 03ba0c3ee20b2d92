import type { ServerResponse } from 'node:http'
import type { Connection } from '../connection/connection.ts'
import { Holder, type Pulse } from '../core/holder.ts'

const known: unique symbol = Symbol('limit-conn.exchange')

type Known = ServerResponse & { [known]?: Exchange }

/**
 * A request and its response, until the response or the connection closes, whichever comes first.
 *
 * After a reset Node 20 and 22 close only one of the pipelined responses, so that neither event is enough alone.
 */
export class Exchange extends Holder {
  /** Was let in by a policy before. */
  hasPassed = false
  readonly #res: ServerResponse

  private constructor(connection: Connection, res: ServerResponse) {
    super(connection.holder)
    this.#res = res
    if (res.closed) this.end()
    res.prependListener('close', endExchange)
    // Some injected responses never close.
    if (!connection.isTrackable) res.prependListener('finish', endExchange)
  }

  /** The exchange of a response, the same for all who ask. */
  static of(connection: Connection, res: Known): Exchange {
    return (res[known] ??= new Exchange(connection, res))
  }

  override pulse(): Pulse {
    return this.#res.closed ? 'gone' : super.pulse()
  }
}

function endExchange(this: Known): void {
  this[known]?.end()
}
