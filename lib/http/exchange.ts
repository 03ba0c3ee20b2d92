import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type Http2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Connection } from '../connection/connection.ts'
import { isStreamGone } from '../connection/session.ts'
import type { Carrier, Pulse } from '../core/carrier.ts'
import { Holder } from '../core/holder.ts'
import type { Zone } from '../core/zone.ts'

const known: unique symbol = Symbol('limit-conn.exchange')

type Known<T, E = Exchange> = T & { [known]?: E }

/** A limit as it is told to a client: its item in each of the two fields. */
export interface Quota {
  readonly policy: string
  readonly rest: string
}

/** A request, until it ends. */
export class Exchange extends Holder {
  readonly connection: Connection
  /** Was let in by a policy before. */
  hasPassed = false
  /** Was refused by a policy: it is being answered, and is let in nowhere. */
  isRefused = false
  /** The limits that the client was told of; under undefined what others had told before. */
  quotas: Map<Zone | undefined, Quota> | undefined

  constructor(connection: Connection) {
    super(connection.holder)
    this.connection = connection
    connection.touch()
  }
}

type SpokenOn = Socket & { readonly _httpMessage?: unknown }

/** A request that leaves HTTP, until its connection closes. */
export class UpgradeExchange extends Exchange {
  readonly #socket: SpokenOn
  readonly #bytesBefore: number

  private constructor(connection: Connection, socket: Socket) {
    super(connection)
    this.#socket = socket
    this.#bytesBefore = socket.bytesWritten
  }

  /** From now on the connection is its own, also behind a proxy. */
  override get carrier(): Carrier {
    return this.connection
  }

  /** The exchange of an upgrade, the same for all who ask. */
  static of(connection: Connection, req: Known<IncomingMessage, UpgradeExchange>): UpgradeExchange {
    return (req[known] ??= new UpgradeExchange(connection, req.socket))
  }

  /**
   * Somebody else speaks on the socket: a response to an earlier request is being written, or a listener has answered
   * since. What is said in the middle of that would be taken for a part of it.
   */
  get isSpokenOn(): boolean {
    return Boolean(this.#socket._httpMessage) || this.#socket.bytesWritten !== this.#bytesBefore
  }
}

/**
 * A request and its response, until the response or the connection closes, whichever comes first.
 *
 * After a reset Node 20 and 22 close only one of the pipelined responses, so that neither event is enough alone. Over
 * HTTP/2 the stream is both, and tells its end better than the response does.
 */
export class ResponseExchange extends Exchange {
  /** What carries it over HTTP/2. */
  readonly stream: Http2Stream | undefined
  readonly #res: ServerResponse

  private constructor(connection: Connection, res: ServerResponse, stream: Http2Stream | undefined) {
    super(connection)
    this.#res = res
    this.stream = stream
    ;(stream ?? res).prependListener('close', endExchange)
    // Some injected responses never close.
    if (!connection.isTrackable) res.prependListener('finish', endExchange)
  }

  /** The exchange of a response, the same for all who ask. */
  static of(
    connection: Connection,
    res: ServerResponse & { readonly stream?: Http2Stream },
  ): ResponseExchange {
    const stream = connection.session && res.stream
    const carrier: Known<object, ResponseExchange> = stream ?? res
    const exchange = (carrier[known] ??= new ResponseExchange(connection, res, stream))
    if (exchange.#isClosed) exchange.end()
    return exchange
  }

  /** Whether a stream was refused by a policy. */
  static isRefused(stream: Known<Http2Stream>): boolean {
    return stream[known]?.isRefused ?? false
  }

  /** Also of a stream whose end Node does not tell: to answer it would throw. */
  override get isEnded(): boolean {
    if (this.stream && !super.isEnded && isStreamGone(this.stream)) this.end()
    return super.isEnded
  }

  override pulse(): Pulse {
    return this.#isClosed ? 'gone' : super.pulse()
  }

  override get carrier(): Carrier | undefined {
    return this.connection.isTrackable ? new RequestCarrier(this) : undefined
  }

  get #isClosed(): boolean {
    return this.stream ? isStreamGone(this.stream) : this.#res.closed
  }
}

function endExchange(this: Known<object>): void {
  this[known]?.connection.touch()
  this[known]?.end()
}

/** A request where each is counted by itself: closed alone where HTTP can do that. */
class RequestCarrier implements Carrier {
  readonly isOwn: boolean = false
  readonly state = 'busy' as const
  readonly #exchange: ResponseExchange

  constructor(exchange: ResponseExchange) {
    this.#exchange = exchange
  }

  get quietSinceMs(): number {
    return this.#exchange.connection.quietSinceMs
  }

  pulse(): Pulse {
    return this.#exchange.pulse()
  }

  heed(): void {
    this.#exchange.connection.heed()
  }

  finish(): void {
    this.#exchange.connection.finish()
  }

  /**
   * A stream in a turn of its own: some requests close others. Of a session that closes its streams while it reads what the
   * client sent, the latest first, Node 22 ends with a segmentation fault; a tick later it may still read.
   */
  close(): void {
    const { stream, connection } = this.#exchange
    if (stream) setImmediate(() => stream.close(constants.NGHTTP2_CANCEL))
    else connection.destroy()
  }
}
