import { LRUCache } from 'lru-cache'
import type { KeyRecord } from './record.ts'

/**
 * The records of keys that have no slot, the latest `max` of them. Made when it is first needed, for an empty LRU cache is large;
 * and a record that comes back to life stays in it, for to delete the only entry costs as much as it is large.
 */
export class IdleRecords {
  readonly #max: number
  readonly #forgot: () => void
  #records: LRUCache<string, KeyRecord> | undefined

  /** `forgot` is called for each that makes room for another. */
  constructor(max: number, forgot: () => void) {
    this.#max = max
    this.#forgot = forgot
  }

  /** Those that are idle still. */
  get all(): readonly KeyRecord[] {
    return [...(this.#records?.values() ?? [])].filter((record) => record.active === 0)
  }

  /** The record of a key; it is used. */
  get(key: string): KeyRecord | undefined {
    return this.#records?.get(key)
  }

  /** The record of a key; it is only looked at. */
  peek(key: string): KeyRecord | undefined {
    return this.#records?.peek(key)
  }

  add(record: KeyRecord): void {
    if (this.#max === 0) return
    this.#records ??= new LRUCache({
      max: this.#max,
      dispose: (old) => {
        if (old.active === 0) this.#forgot()
      },
    })
    this.#records.set(record.key, record)
  }

  clear(): void {
    this.#records = undefined
  }
}
