import type { ServerResponse } from 'node:http'
import { Failure, usualHeaders } from './status-answer.ts'

/** Streams of one router that may be open at one time. */
const mostStreams = 100

const everyMs = 1_000

/** A stream ends after this: its client comes again, and is asked again whether it may. */
const lastsMs = 60_000

/**
 * Streams of server-sent events: each gets one event at once, and then the same as all others, each second, until it ends.
 * One that does not read is left out until it does.
 */
export class EventStreams {
  readonly #tell: () => string
  /** Those that are open, and when each ends. */
  readonly #open = new Map<ServerResponse, number>()
  readonly #slow = new Set<ServerResponse>()
  #last: { readonly event: string; readonly atMs: number } | undefined
  #timer: NodeJS.Timeout | undefined

  /** Given what an event says; may throw. It is asked once in a second at most, whoever comes and goes. */
  constructor(tell: () => string) {
    this.#tell = tell
  }

  /** Begins a stream with its first event; it ends when the client goes, or its time is over. */
  open(res: ServerResponse): Failure | undefined {
    if (this.#open.size >= mostStreams) return tooMany()
    const first = this.#recent() ?? this.#look()
    // What compresses answers would keep events back until it has enough of them.
    const own = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' }
    res.writeHead(200, { ...usualHeaders, 'cache-control': 'no-store, no-transform', ...own })
    if (res.req.method === 'HEAD') {
      res.end()
      return undefined
    }

    this.#open.set(res, performance.now() + lastsMs)
    res.once('close', () => this.#leave(res))
    this.#write(res, `retry: ${everyMs}\ndata: ${first}\n\n`)
    this.#timer ??= setInterval(() => this.#tick(), everyMs).unref()
    return undefined
  }

  #tick(): void {
    const event = this.#lookIfItCan()
    const nowMs = performance.now()
    for (const [res, endsMs] of this.#open) {
      // Of requests that were sent one behind the other, Node tells the end of one only.
      if (isGone(res)) this.#leave(res)
      else if (event === undefined || nowMs >= endsMs) this.#end(res)
      else if (!this.#slow.has(res)) this.#write(res, `data: ${event}\n\n`)
    }
  }

  /** The last event, where it was made within a second. */
  #recent(): string | undefined {
    return this.#last && performance.now() - this.#last.atMs < everyMs ? this.#last.event : undefined
  }

  #look(): string {
    this.#last = undefined
    const event = this.#tell()
    this.#last = { event, atMs: performance.now() }
    return event
  }

  /** Undefined where nothing can be said: all streams end, and who comes again is told why. */
  #lookIfItCan(): string | undefined {
    try {
      return this.#look()
    } catch {
      return undefined
    }
  }

  #write(res: ServerResponse, text: string): void {
    if (res.write(text)) return
    this.#slow.add(res)
    res.once('drain', () => this.#slow.delete(res))
  }

  /** One that does not read would never come to its end. */
  #end(res: ServerResponse): void {
    if (this.#slow.has(res)) res.destroy()
    else res.end()
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

function tooMany(): Failure {
  return new Failure(
    503,
    'TooManyStreams',
    `${mostStreams} streams of events are open, and there are no more`,
  )
}
