import { constants, type Http2Stream } from 'node:http2'
import type { Connection } from '../connection/connection.ts'
import { openStreamsOf } from '../connection/session.ts'
import { lingerMs } from './close.ts'
import { Exchange } from './exchange.ts'
import type { Turn } from './turn.ts'

/** A request that an HTTP/2 stream carries. */
type StreamTurn = Turn & { readonly exchange: { readonly stream: Http2Stream } }

/** Sessions that are looked at in this turn of the event loop. */
const asked = new WeakSet<Connection>()

export function isStream(turn: Turn): turn is StreamTurn {
  return turn.exchange.stream !== undefined
}

/** Ends a refused stream without an answer, and its session too if nothing else is on it. */
export function cutStream({ connection, exchange }: StreamTurn): void {
  if (isUncounted(connection)) connection.destroy()
  else exchange.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)
}

/**
 * Ends a refused stream a moment after it was answered, though the client may not read it.
 *
 * A session with nothing but refused streams that holds no slot would stay, uncounted: it gets GOAWAY, and is closed
 * after the same time. Any other session goes on.
 *
 * @see RFC 9113 section 6.8
 */
export function endStreamSoon({ connection, exchange }: StreamTurn, extraMs: number): void {
  const { stream } = exchange
  let timer = setTimeout(end, lingerMs + extraMs).unref()

  function end(): void {
    stream.destroy()
  }

  stream.once('prefinish', () => {
    clearTimeout(timer)
    timer = setTimeout(end, lingerMs).unref()
  })
  exchange.onEnd(() => {
    clearTimeout(timer)
    lookSoon(connection, 0)
  })
  lookSoon(connection, extraMs)
}

/** Looks when the streams that came together have all been decided on: each of them is to have its answer. */
function lookSoon(connection: Connection, extraMs: number): void {
  if (asked.has(connection)) return
  asked.add(connection)
  setImmediate(() => {
    asked.delete(connection)
    if (isUncounted(connection)) sendAway(connection, extraMs)
  })
}

/** The session finishes what is open, and begins nothing new. Node waits for the client to close it; this does not. */
function sendAway({ session, socket }: Connection, extraMs: number): void {
  if (!session || session.closed) return
  session.close()
  setTimeout(() => socket.destroy(), lingerMs + extraMs).unref()
}

/** The session holds no slot, and nothing is open on it but refused streams. */
function isUncounted({ holder, session }: Connection): boolean {
  if (holder.slots.length > 0 || !session) return false
  const refused = new Set<unknown>()
  for (const child of holder.children) {
    if (!(child instanceof Exchange && child.isRefused)) return false
    refused.add(child.stream)
  }
  for (const stream of openStreamsOf(session)) if (!refused.has(stream)) return false
  return true
}
