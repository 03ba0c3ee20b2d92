import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type Http2Session } from 'node:http2'
import type { Socket } from 'node:net'

/** Parts of a socket that Node keeps private; where one is missing nobody is asked to leave. */
interface Private {
  readonly parser?: { readonly incoming?: IncomingMessage | null } | null
  readonly _httpMessage?: ServerResponse | null
}

/**
 * Asks the client of a busy connection to leave after what is under way, as far as HTTP can still say that.
 *
 * A session in a turn of its own: of one that sends GOAWAY while it reads what the client sent, and is destroyed after that,
 * Node 22 corrupts its heap.
 */
export function askToLeave(socket: Socket & Private, session: Http2Session | undefined): void {
  if (session) setImmediate(sendGoaway, session)
  else lastResponseOn(socket)?.setHeader('Connection', 'close')
}

const sentAway = new WeakSet<Http2Session>()

/**
 * Asks the client, once, to open no more streams.
 *
 * By GOAWAY, not by `session.close()`: of a session closed so, whose client goes on to open streams, Node 20 and 22.12
 * corrupt their heap.
 */
export function sendGoaway(session: Http2Session): void {
  if (sentAway.has(session) || session.destroyed) return
  sentAway.add(session)
  session.goaway(constants.NGHTTP2_NO_ERROR)
}

/**
 * The response behind which nothing else is asked on a socket, while its headers can still be set: what was pipelined
 * behind the one that ends a connection would be lost.
 *
 * @see Node lib/_http_common.js, parserOnHeadersComplete
 */
function lastResponseOn({ _httpMessage: res, parser }: Socket & Private): ServerResponse | undefined {
  const isLast = res?.req !== undefined && res.req === parser?.incoming
  return isLast && !res.headersSent ? res : undefined
}
