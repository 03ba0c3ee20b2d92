import type { Source } from './source.ts'

/** How a holder is: `gone` if it ended, told or not; `stalled` if only one side of it is left, or nobody reads it. */
export type Pulse = 'open' | 'gone' | 'stalled'

/** Says a last word to a client whose connection is closed. */
export type Farewell = (socket: unknown) => void

/** What carries a holder outside of the core: it is asked how it is, and closed. */
export interface Carrier {
  /** Nobody else's requests come over it: it may be closed to make room for another. */
  readonly isOwn: boolean
  /** What it is in the middle of: nothing, a request, a protocol of its own (raw TCP, TLS), or what it left HTTP for. */
  readonly state: 'idle' | 'busy' | 'raw' | 'upgraded'
  /** Since when no byte has moved, by `performance.now()`; Infinity while nobody heeds it. */
  readonly quietSinceMs: number
  pulse(): Pulse
  /** Heeds from now on when bytes move. */
  heed(): void
  /** Closes it, whatever runs on it: at once, or a moment after the farewell. */
  close(farewell?: Farewell): void
}

/** How long a client may take to go, in milliseconds, after the last word that it was told. */
export const lingerMs = 900

/** Closes a moment after the farewell, which belongs to others: it may throw, and close by itself. */
export function closeAfter(farewell: () => void, close: () => void): void {
  try {
    farewell()
  } catch {
    return close()
  }
  setTimeout(close, lingerMs).unref()
}

/** A host object that a `Limiter` was given: all that is known of it is that it closes. */
export class SourceCarrier implements Carrier {
  readonly #source: Source
  readonly state = 'raw' as const
  quietSinceMs: number = Infinity

  constructor(source: Source) {
    this.#source = source
  }

  get isOwn(): boolean {
    return typeof this.#source.destroy === 'function'
  }

  pulse(): Pulse {
    return this.#source.destroyed === true ? 'gone' : 'open'
  }

  heed(): void {
    if (this.quietSinceMs === Infinity) this.quietSinceMs = performance.now()
  }

  close(farewell?: Farewell): void {
    if (farewell)
      closeAfter(
        () => farewell(this.#source),
        () => this.#destroy(),
      )
    else this.#destroy()
  }

  /** Counted no more by now: how it goes is its own matter, and nobody else's who is being let in or closed. */
  #destroy(): void {
    try {
      this.#source.destroy?.()
    } catch {
      // Not a socket: their destroy does not throw.
    }
  }
}
