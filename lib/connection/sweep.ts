import type { Pulse } from '../core/carrier.ts'
import type { Connection } from './connection.ts'
import { inSlices } from './slices.ts'

export interface SweepTimes {
  readonly everyMs: number
  readonly graceMs: number
}

/** Looks at an open connection, and how long it has been silent but for our PINGs, in milliseconds; it may close it. */
export type Inspect = (connection: Connection, quietMs: number) => void

interface Watch {
  progress: number
  sinceMs: number
  /** Was made to write something since, and has not. */
  isProbed: boolean
  /** The same, without what was written to see whether it can be. */
  ownProgress: number
  ownSinceMs: number
}

/**
 * Finds the ends that Node does not report, among the connections it watches.
 *
 * What is gone is given back at once. What is stalled is destroyed after `graceMs` without a byte either way. An open
 * connection is never cut by itself, however silent: `inspect` may close it, which is asked about each. An HTTP/2 session
 * gets a PING then, and is destroyed if it cannot even write that.
 */
export class Sweep {
  readonly #watches = new Map<Connection, Watch>()
  /** Given back, but not closed yet, with their progress: what was received may still be read. */
  readonly #lost = new Map<Connection, number>()
  #times: SweepTimes
  readonly #inspect: Inspect | undefined
  #timer: NodeJS.Timeout | undefined
  #isSweeping = false

  constructor(times: SweepTimes, inspect?: Inspect) {
    this.#times = times
    this.#inspect = inspect
  }

  /** Connections that are watched. */
  get size(): number {
    return this.#watches.size + this.#lost.size
  }

  /** Changes the times, for the connections that are watched too. */
  setTimes(times: SweepTimes): void {
    if (times.everyMs !== this.#times.everyMs) this.#stop()
    this.#times = times
    if (this.size > 0) this.#start()
  }

  /** Watches a connection until it ends. */
  watch(connection: Connection): void {
    if (this.#watches.has(connection) || !connection.isTrackable || connection.holder.isEnded) return
    const watch = {
      progress: -1,
      sinceMs: performance.now(),
      isProbed: false,
      ownProgress: -1,
      ownSinceMs: 0,
    }
    this.#watches.set(connection, watch)
    connection.holder.onEnd(() => this.#watches.delete(connection))
    this.#start()
  }

  /** Looks at all connections now, in slices; resolves when all were seen. */
  async run(): Promise<void> {
    await inSlices(this.#lost, ([connection, progress]) => this.#close(connection, progress))
    await inSlices(this.#watches, ([connection, watch]) => this.#look(connection, watch))
    if (this.size === 0) this.#stop()
  }

  /** Closes what was lost, once nobody reads what is left of it. */
  #close(connection: Connection, before: number): void {
    const progress = connection.progress()
    if (progress > before && !connection.socket.destroyed) this.#lost.set(connection, progress)
    else {
      this.#lost.delete(connection)
      connection.destroy()
    }
  }

  #look(connection: Connection, watch: Watch): void {
    const pulse = connection.pulse()
    const progress = connection.progress()
    const now = performance.now()
    if (progress !== watch.progress) Object.assign(watch, { progress, sinceMs: now, isProbed: false })
    noteOwn(watch, connection, now)

    endClosed(connection)
    if (now - watch.sinceMs >= this.#times.graceMs) this.#question(connection, watch, pulse)
    if (pulse !== 'gone') return this.#inspect?.(connection, now - watch.ownSinceMs)
    connection.holder.end()
    if (!connection.socket.destroyed && !connection.socket.pending) this.#lost.set(connection, progress)
  }

  /** A connection that was silent for the grace time: a half of one is destroyed, a session is to write something. */
  #question(connection: Connection, watch: Watch, pulse: Pulse): void {
    if (pulse === 'stalled' || watch.isProbed) connection.destroy()
    else watch.isProbed = connection.probe()
  }

  #start(): void {
    this.#timer ??= setInterval(() => this.#tick(), this.#times.everyMs).unref()
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #tick(): void {
    if (this.#isSweeping) return
    this.#isSweeping = true
    void this.run().finally(() => (this.#isSweeping = false))
  }
}

/** Notes when bytes have moved: exactly where that was heard, else when it is seen. */
function noteOwn(watch: Watch, { probeProgress, quietSinceMs }: Connection, now: number): void {
  const ownProgress = watch.progress - probeProgress
  if (ownProgress === watch.ownProgress) return
  watch.ownProgress = ownProgress
  watch.ownSinceMs = quietSinceMs > watch.ownSinceMs ? quietSinceMs : now
}

/** Ends the requests whose response has closed, though somebody removed the listener that tells it. */
function endClosed(connection: Connection): void {
  for (const request of connection.holder.children) if (request.pulse() === 'gone') request.end()
}
