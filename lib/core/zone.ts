import { LRUCache } from 'lru-cache'
import { auditSlots, type Audit } from './audit.ts'
import { closeAll } from './close.ts'
import type { Holder } from './holder.ts'
import { flat, ipv6SubnetOf, keysToRead, type ReadableKey } from './key.ts'
import { KeyRecord } from './record.ts'
import type { Share } from './share.ts'
import { Slot } from './slot.ts'
import { noTallies, type Tally, type ZoneStats } from './stats.ts'
import { topOf, type TopKey } from './top.ts'
import { checkZone, zoneChecks, type ZoneOptions } from './zone-options.ts'

export type { ZoneOptions } from './zone-options.ts'

/** Of IPv6, where none was seen: that of `byIp()`. */
const usualSubnets = [56]

/** Is told when a slot was given back. */
export interface WakesUp {
  wake(zone: Zone, key: string): void
}

/**
 * A named, bounded table of counters, one per key. Share one between limits to share their counts.
 *
 * A live key is never forgotten: that would let its client in again. A key that falls to zero leaves its statistics in
 * an LRU cache of `maxIdle` records.
 *
 * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION, ERR_LIMIT_CONN_UNKNOWN_OPTION
 * @see nginx src/http/modules/ngx_http_limit_conn_module.c, limit_conn_zone
 */
export class Zone {
  readonly name: string
  readonly max: number
  readonly maxIdle: number
  readonly onFull: 'reject' | 'pass'
  /** @internal Queues in which somebody waits for a slot here. */
  readonly queues = new Set<WakesUp>()
  /** @internal How many wait there. */
  waiting = 0
  /** @internal What other processes share of it; undefined: this one counts by itself. */
  readonly share: Share | undefined
  /** @internal Somebody is to know which slots are idle. */
  isHeeded = false
  readonly #live = new Map<string, KeyRecord>()
  readonly #ipv6Subnets = new Set<number>()
  #idle: LRUCache<string, KeyRecord> | undefined
  #tallies: Record<Tally, number> = noTallies()
  #active = 0
  #peak = 0

  constructor(options: ZoneOptions) {
    const checked = checkZone<ZoneOptions>(options, zoneChecks)
    this.name = checked.name
    this.max = checked.max ?? 65_536
    this.maxIdle = checked.maxIdle ?? 1_024
    this.onFull = checked.onFull ?? 'reject'
  }

  /**
   * Slots taken under a key. Text that parses as an address reads the address, in any spelling; other text and
   * `{ text }` read the text. An IPv6 address reads its narrowest subnet that holds a slot.
   */
  count(key: ReadableKey): number {
    return this.#read(key)?.active ?? 0
  }

  /**
   * Closes what holds a slot under a key, read as `count` reads it, whoever let it in; returns how many were closed. Of a
   * request counted by itself the HTTP/2 stream, or the HTTP/1 connection. The client may come back at once.
   */
  kick(key: ReadableKey): number {
    const slots = this.#read(key)?.slots() ?? []
    return closeAll(new Set(Array.from(slots, ({ holder }) => holder)), 'kicked', [this])
  }

  stats(): ZoneStats {
    const { waiting } = this
    return { ...this.#tallies, waiting, keys: this.#live.size, active: this.#active, peak: this.#peak }
  }

  /** The `n` keys with the most slots, then with the highest peak; idle keys that are still remembered included. */
  top(n = 10): TopKey[] {
    const idle = [...(this.#idle?.values() ?? [])].filter((record) => record.active === 0)
    return topOf([...this.#live.values(), ...idle], n)
  }

  /** Starts the statistics again. Slots stay: what is open stays counted, as with DELETE of the NGINX Plus API. */
  reset(): void {
    this.#tallies = noTallies()
    this.#idle = undefined
    this.#peak = this.#active
    for (const record of this.#live.values()) {
      record.peak = record.active
      record.rejected = 0
    }
  }

  /** Counts again, slot by slot, and looks at what holds each. Takes time in proportion to the slots. */
  audit(): Audit {
    return auditSlots(this.#active, this.#live.values())
  }

  /** @internal The live keys. */
  get records(): Iterable<KeyRecord> {
    return this.#live.values()
  }

  /** @internal The live keys, tagged. */
  get liveKeys(): Iterable<string> {
    return this.#live.keys()
  }

  /** @internal Slots taken under a tagged key. */
  activeUnder(key: string): number {
    return this.#live.get(key)?.active ?? 0
  }

  /** @internal Those of other processes included, as far as is known. */
  totalUnder(key: string): number {
    return this.activeUnder(key) + (this.share?.othersUnder(key) ?? 0)
  }

  /** @internal The slots under a tagged key, oldest first. */
  slotsUnder(key: string): Slot[] {
    return [...(this.#live.get(key)?.slots() ?? [])]
  }

  /** @internal Those of the keys that are not live find room, all of them. */
  hasRoomFor(keys: readonly string[]): boolean {
    if (this.#live.size + keys.length <= this.max) return true
    return this.#live.size + keys.filter((key) => !this.#live.has(key)).length <= this.max
  }

  /** @internal Takes a slot. Whether there is room was looked at before, in the same tick. */
  take(key: string, holder: Holder): Slot {
    const record = this.#live.get(key) ?? this.#revive(key)
    const slot = new Slot(this, record, holder)
    record.add(slot)

    this.#active++
    if (this.#active > this.#peak) this.#peak = this.#active
    return slot
  }

  /** @internal Gives a slot back; once, whoever calls it again. */
  release(slot: Slot): void {
    if (slot.isReleased) return
    slot.isReleased = true
    slot.record.remove(slot)
    this.#active--
    if (slot.record.active === 0) this.#retire(slot.record)
    this.share?.released(slot.record.key)
    if (this.waiting > 0) for (const queue of this.queues) queue.wake(this, slot.record.key)
  }

  /** @internal Counts what was decided; a refusal under its key as well. */
  tally(what: Tally, key = ''): void {
    this.#tallies[what]++
    if (what !== 'rejected') return
    const record = this.#live.get(key) ?? this.#idle?.peek(key)
    if (record) record.rejected++
  }

  /** @internal The tagged keys that a person may mean by a key, narrowest first. */
  keysFor(key: ReadableKey): readonly string[] {
    const narrowestFirst = [...this.#ipv6Subnets].toSorted((a, b) => b - a)
    return keysToRead(key, narrowestFirst.length > 0 ? narrowestFirst : usualSubnets)
  }

  #read(key: ReadableKey): KeyRecord | undefined {
    const live = this.keysFor(key).map((tagged) => this.#live.get(tagged))
    return live.find((record) => record !== undefined)
  }

  /** Finds the idle record or makes one. The LRU cache keeps a revived one: to delete its only entry costs O(max). */
  #revive(key: string): KeyRecord {
    const record = this.#idle?.get(key) ?? new KeyRecord(flat(key))
    this.#live.set(record.key, record)

    const ipv6Subnet = ipv6SubnetOf(key)
    if (ipv6Subnet !== undefined) this.#ipv6Subnets.add(ipv6Subnet)
    return record
  }

  #retire(record: KeyRecord): void {
    record.idleSinceMs = Date.now()
    this.#live.delete(record.key)
    if (this.maxIdle === 0) return

    this.#idle ??= new LRUCache({
      max: this.maxIdle,
      dispose: (old) => {
        if (old.active === 0) this.#tallies.forgotten++
      },
    })
    this.#idle.set(record.key, record)
  }
}
