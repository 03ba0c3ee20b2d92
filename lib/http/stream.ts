import { constants, type Http2Stream } from 'node:http2'
import type { Connection } from '../connection/connection.ts'
import { sendGoaway } from '../connection/leave.ts'
import { openStreamsOf } from '../connection/session.ts'
import { lingerMs } from '../core/carrier.ts'
import { ResponseExchange } from './exchange.ts'
import type { RequestTurn } from './request-turn.ts'

/** A request that an HTTP/2 stream carries. */
type StreamTurn = RequestTurn & { readonly exchange: { readonly stream: Http2Stream } }

/** Sessions that are looked at soon, or when what keeps them has ended. */
const waiting = new WeakSet<Connection>()

export function isStream(turn: RequestTurn): turn is StreamTurn {
  return turn.exchange.stream !== undefined
}

/** Ends a refused stream without an answer, and its session too if nothing else is on it. */
export function cutStream({ connection, exchange: { stream } }: StreamTurn): void {
  if (keeperOf(connection)) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)
  else connection.destroy()
}

/**
 * Ends a refused stream a moment after it was answered, though the client may not read it.
 *
 * A session with nothing but refused streams that holds no slot would stay, uncounted: it gets GOAWAY, and is closed
 * when they have ended. Any other session goes on.
 *
 * @see RFC 9113 section 6.8
 */
export function endStreamSoon({ connection, exchange }: StreamTurn, extraMs: number): void {
  const { stream } = exchange
  let timer = setTimeout(end, lingerMs + extraMs).unref()

  function end(): void {
    // With a code: what was cut must not look complete.
    stream.close(constants.NGHTTP2_CANCEL)
    exchange.end()
    if (!connection.holder.hasChildren && !keeperOf(connection)) connection.destroy()
  }

  stream.once('prefinish', () => {
    clearTimeout(timer)
    timer = setTimeout(end, lingerMs).unref()
  })
  exchange.onEnd(() => {
    clearTimeout(timer)
    lookSoon(connection)
  })
  lookSoon(connection)
}

/** Looks when the streams that came together have all been decided on: each of them is to have its answer. */
function lookSoon(connection: Connection): void {
  if (waiting.has(connection)) return
  waiting.add(connection)
  setImmediate(() => {
    waiting.delete(connection)
    look(connection)
  })
}

/** Sends the session away, or waits for what keeps it; one that holds a slot is counted and may stay. */
function look(connection: Connection): void {
  const keeper = keeperOf(connection)
  if (keeper === 'slot') return
  if (!keeper) return sendAway(connection)
  wait(connection, keeper)
}

/** Waits for a stream to close. Of some Node never tells, so that there is a look now and then as well. */
function wait(connection: Connection, keeper: Http2Stream): void {
  const timer = setTimeout(again, lingerMs).unref()

  function again(): void {
    clearTimeout(timer)
    keeper.off('close', again)
    waiting.delete(connection)
    lookSoon(connection)
  }

  waiting.add(connection)
  keeper.once('close', again)
}

/** The session finishes what is open, and begins nothing new. */
function sendAway(connection: Connection): void {
  const { session, holder } = connection
  if (session) sendGoaway(session)
  connection.isRefused = true
  if (!holder.hasChildren) setTimeout(() => connection.destroy(), lingerMs).unref()
}

/** What keeps a session that had a refusal: a slot of a policy on requests, or a stream that was not refused. */
function keeperOf({ holder, session, visits }: Connection): 'slot' | Http2Stream | undefined {
  if (holder.slots.some((slot) => visits.some(({ owner }) => slot.claimOf(owner)))) return 'slot'
  for (const stream of session ? openStreamsOf(session) : [])
    if (!ResponseExchange.isRefused(stream)) return stream
  for (const child of holder.children) {
    if (child instanceof ResponseExchange && child.stream && !child.isRefused && !child.isEnded)
      return child.stream
  }
  return undefined
}
