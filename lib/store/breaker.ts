/** How many commands must fail one after the other until none is tried any more. */
const mostFailures = 3

/** How long nothing is tried then, in milliseconds. */
export const pauseMs = 500

/** What a breaker tells and asks. */
export interface Circuit {
  /** Tries whether the store is back: resolves if it is. */
  probe(): Promise<unknown>
  /** The store is away: the first of some failures, and how it failed. */
  opened(reason: string): void
  /** It is back after failures; `wasOpen` if that was told. */
  closed(wasOpen: boolean): void
}

/** Keeps a store that does not answer from being asked for each connection. */
export class Breaker {
  readonly #circuit: Circuit
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(circuit: Circuit) {
    this.#circuit = circuit
  }

  /** Nothing is to be asked. */
  get isOpen(): boolean {
    return this.#failures >= mostFailures
  }

  failed(reason: string): void {
    this.#failures++
    if (this.#failures === mostFailures) this.#circuit.opened(reason)
    if (this.isOpen) this.#probeLater()
  }

  succeeded(): void {
    if (this.#failures === 0) return
    const wasOpen = this.isOpen
    this.#failures = 0
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#circuit.closed(wasOpen)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #probeLater(): void {
    if (this.#isStopped) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#circuit.probe()
    }, pauseMs).unref()
  }
}
