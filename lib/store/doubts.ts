/**
 * Keys of which it is not known what stands in the store: a command got no answer, and may still be carried out after later
 * ones; or nothing could be sent. Where cells lapse they are written again until none of that can last.
 */
export class Doubts {
  readonly #ttlMs: number
  /** Until when, by `performance.now()`. */
  readonly #untilMs = new Map<string, number>()

  /** `ttlMs` after which a cell lapses; Infinity: never, and what is written once is certain. */
  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs
  }

  get keys(): Iterable<string> {
    return this.#untilMs.keys()
  }

  add(key: string): void {
    this.#untilMs.set(key, performance.now() + this.#ttlMs)
  }

  written(key: string): void {
    if (this.#ttlMs === Infinity) this.#untilMs.delete(key)
  }

  /** Forgets those that are too old: what could have been written has lapsed. */
  forget(): void {
    const now = performance.now()
    for (const [key, untilMs] of this.#untilMs) if (untilMs < now) this.#untilMs.delete(key)
  }
}
