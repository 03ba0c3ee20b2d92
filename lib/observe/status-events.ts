import type { ServerResponse } from 'node:http'
import { Failure, usualHeaders } from './status-answer.ts'

/** Streams of one router that may be open at one time. */
const mostStreams = 100

const everyMs = 1_000

/**
 * Streams of server-sent events: each gets one event at once, and then the same as all others, each second, for as long as any
 * is open. One that does not read is left out until it does.
 */
export class EventStreams {
  readonly #tell: () => string
  readonly #open = new Set<ServerResponse>()
  readonly #slow = new Set<ServerResponse>()
  #timer: NodeJS.Timeout | undefined

  /** Given what an event says; may throw. */
  constructor(tell: () => string) {
    this.#tell = tell
  }

  /** Begins a stream with its first event; it ends when the client goes. */
  open(res: ServerResponse): Failure | undefined {
    if (this.#open.size >= mostStreams) return tooMany()
    const first = this.#tell()
    // What compresses answers would keep events back until it has enough of them.
    const own = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' }
    res.writeHead(200, { ...usualHeaders, 'cache-control': 'no-store, no-transform', ...own })
    if (res.req.method === 'HEAD') return end(res)

    this.#open.add(res)
    res.once('close', () => this.#leave(res))
    this.#write(res, first)
    this.#timer ??= setInterval(() => this.#tick(), everyMs).unref()
    return undefined
  }

  #tick(): void {
    const event = this.#now()
    for (const res of this.#open) {
      // Of requests that were sent one behind the other, Node tells the end of one only.
      if (isGone(res)) this.#leave(res)
      else if (event === undefined) res.end()
      else if (!this.#slow.has(res)) this.#write(res, event)
    }
  }

  /** Undefined where nothing can be said: all streams end, and who comes again is told why. */
  #now(): string | undefined {
    try {
      return this.#tell()
    } catch {
      return undefined
    }
  }

  #write(res: ServerResponse, event: string): void {
    if (res.write(`data: ${event}\n\n`)) return
    this.#slow.add(res)
    res.once('drain', () => this.#slow.delete(res))
  }

  #leave(res: ServerResponse): void {
    this.#open.delete(res)
    this.#slow.delete(res)
    if (this.#open.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

/** Nobody waits for this answer any more. */
export function isGone(res: ServerResponse): boolean {
  return res.destroyed || res.writableEnded || res.req.socket.destroyed
}

function end(res: ServerResponse): undefined {
  res.end()
}

function tooMany(): Failure {
  return new Failure(
    503,
    'TooManyStreams',
    `${mostStreams} streams of events are open, and there are no more`,
  )
}
