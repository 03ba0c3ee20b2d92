import { pauseMs } from './breaker.ts'

/** What a process does while the store is away. */
export type OnStoreError = 'local' | 'reject' | 'pass'

export interface OwnShareOptions {
  readonly syncMs: number
  readonly ttlMs: number
  readonly onStoreError: OnStoreError
  /** How many processes there are; undefined: as many as were seen last. */
  readonly instances: number | undefined
}

/**
 * How many of a limit are this process's own, where nobody else can be asked; and after that, until the others have told again
 * what they hold: until all who were seen before are there, for a sync at least and for `ttlMs` at most.
 */
export class OwnShare {
  readonly #options: OwnShareOptions
  readonly #leastMs: number
  readonly #mostMs: number
  #recoversSinceMs = -Infinity
  #expected = 1
  #seen = 1

  constructor(options: OwnShareOptions) {
    this.#options = options
    this.#leastMs = Math.min(options.syncMs + pauseMs, options.ttlMs)
    this.#mostMs = options.ttlMs === Infinity ? this.#leastMs : options.ttlMs
  }

  of(max: number): number {
    const { onStoreError, instances = this.#instances } = this.#options
    if (onStoreError === 'reject') return 0
    return onStoreError === 'pass' ? max : Math.ceil(max / instances)
  }

  /** What others hold may not stand in the store yet: nobody is to have more than its share. */
  get isBinding(): boolean {
    const elapsedMs = performance.now() - this.#recoversSinceMs
    return elapsedMs < this.#leastMs || (elapsedMs < this.#mostMs && this.#seen < this.#expected)
  }

  /** The store is back, or has forgotten all. */
  recover(): void {
    this.#expected = this.#instances
    this.#recoversSinceMs = performance.now()
  }

  counted(instances: number): void {
    this.#seen = instances
  }

  /** Those who come back one by one are as many as they were. */
  get #instances(): number {
    return this.isBinding ? Math.max(this.#seen, this.#expected) : this.#seen
  }
}
