import type { Source } from './source.ts'

/** How a holder is: `gone` if it ended, told or not; `stalled` if only one side of it is left, or nobody reads it. */
export type Pulse = 'open' | 'gone' | 'stalled'

/** Says a last word to a client whose connection is closed; may fail, now or later. */
export type Farewell = (socket: unknown) => unknown

/** What carries a holder outside of the core: it is asked how it is, and closed. */
export interface Carrier {
  /** Nobody else's requests come over it: it may be closed to make room for another. */
  readonly isOwn: boolean
  /** It has nothing that closes it: the holder goes on, and stays counted. */
  readonly isStuck?: boolean
  /** What it is in the middle of: nothing, a request, a protocol of its own (raw TCP, TLS), or what it left HTTP for. */
  readonly state: 'idle' | 'busy' | 'raw' | 'upgraded'
  /** Since when no byte has moved, by `performance.now()`; 0 while nobody heeds it. */
  readonly quietSinceMs: number
  pulse(): Pulse
  /** Heeds from now on when bytes move. */
  heed(): void
  /** Asks the client to begin nothing new on it, where its protocol can say that. What is begun goes on. */
  finish(): void
  /** Closes it, whatever runs on it: at once, or a moment after the farewell. */
  close(farewell?: Farewell): void
}

/** How long a client may take to go, in milliseconds, after the last word that it was told: a farewell, or a refusal. */
export const lingerMs = 900

/** Most that may stay open for their farewells at one time: what is closed beyond that is closed at once. */
const mostLingering = 1_024
let lingering = 0

/** What is closed after a farewell. */
interface Leaving {
  readonly source: Source
  readonly farewell: Farewell
  /** It is given a moment; else it is closed as soon as the farewell was called. */
  readonly mayLinger: boolean
  readonly close: () => void
}

/** Closes a moment after the farewell, which belongs to others: it may fail, and close by itself. */
export function closeAfter({ source, farewell, mayLinger, close }: Leaving): void {
  try {
    void Promise.resolve(farewell(source)).catch(close)
  } catch {
    return close()
  }
  if (!mayLinger || source.destroyed === true || lingering >= mostLingering) return close()

  const timer = setTimeout(end, lingerMs).unref()
  let isLingering = true
  lingering++
  source.prependListener('close', leave)

  /** Whichever comes first: the listener may have been removed by a farewell. */
  function leave(): void {
    clearTimeout(timer)
    if (isLingering) lingering--
    isLingering = false
  }
  function end(): void {
    leave()
    close()
  }
}

/** A host object that a `Limiter` was given: all that is known of it is that it closes, not when its bytes move. */
export class SourceCarrier implements Carrier {
  readonly #source: Source
  readonly state = 'raw' as const
  readonly quietSinceMs = 0

  constructor(source: Source) {
    this.#source = source
  }

  get isOwn(): boolean {
    return !this.isStuck
  }

  get isStuck(): boolean {
    return !canBeDestroyed(this.#source)
  }

  pulse(): Pulse {
    return this.#source.destroyed === true ? 'gone' : 'open'
  }

  heed(): void {
    // A `Limiter` refuses what would ask for it.
  }

  finish(): void {
    // Nothing is known of what it speaks.
  }

  close(farewell?: Farewell): void {
    const source = this.#source
    const close = (): void => destroy(source)
    if (farewell) closeAfter({ source, farewell, mayLinger: true, close })
    else close()
  }
}

/** The socket of an HTTP/2 session throws where it is asked for the function. */
function canBeDestroyed(source: Source): boolean {
  try {
    return typeof source.destroy === 'function'
  } catch {
    return false
  }
}

/** It is counted no more by now: how it goes is its own matter, and nobody else's who is let in or closed. */
function destroy(source: Source): void {
  try {
    source.destroy?.()
  } catch {
    // No socket: their `destroy` does not throw.
  }
}
