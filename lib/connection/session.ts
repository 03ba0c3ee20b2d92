import type { Http2Session, Http2Stream } from 'node:http2'
import type { Socket } from 'node:net'

/** How long a PING is, and its answer. @see RFC 9113 section 6.7 */
export const pingBytes = 17

/** What nghttp2 says of a stream that it does not know any more. @see Node doc/api/http2.md, http2stream.state */
const unknownStream = 1
const closedStream = 7

type State = { readonly streams?: Partial<ReadonlyMap<number, Http2Stream>> } | undefined

/**
 * The socket below an HTTP/2 session; undefined once the session has let go of it.
 *
 * `session.socket` is a Proxy that hides it, and throws for some of its names. What `off` returns is the socket itself.
 */
export function socketOfSession(session: Http2Session): Socket | undefined {
  try {
    return session.socket.off('limit-conn', nothing)
  } catch {
    return undefined
  }
}

/**
 * A stream that has ended, whether or not Node has emitted `close`.
 *
 * A client that resets a stream with NO_ERROR while data for it waits leaves it `closed` for ever, never destroyed.
 */
export function isStreamGone(stream: Http2Stream): boolean {
  if (stream.destroyed) return true
  const { state } = stream.closed ? stream.state : {}
  return state === unknownStream || state === closedStream
}

/**
 * The streams of a session that are open, also those that never met a limiter; none where Node does not show them.
 *
 * The list is private to Node.
 *
 * @see Node lib/internal/http2/core.js, class Http2Session, kState
 */
export function* openStreamsOf(session: Http2Session): Iterable<Http2Stream> {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state')
  const state = symbol && (session as unknown as Record<symbol, State>)[symbol]
  // No instanceof: the Map may be of another realm.
  if (typeof state?.streams?.values !== 'function') return
  for (const stream of state.streams.values()) if (!isStreamGone(stream)) yield stream
}

function nothing(): void {
  // Never called: nobody emits the event.
}
