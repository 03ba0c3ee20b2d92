import { advise, type Advice, type AdviseOptions } from './advice.ts'
import { auditSlots, type Audit } from './audit.ts'
import { tellReleased, type ReleaseCause } from './channels.ts'
import { closeAll } from './close.ts'
import type { Holder } from './holder.ts'
import { IdleRecords } from './idle.ts'
import { flat, type ReadableKey } from './key.ts'
import type { WakesUp } from './line.ts'
import { KeyRecord } from './record.ts'
import type { Share } from './share.ts'
import type { Showing } from './shown.ts'
import { Slot } from './slot.ts'
import { Counters, type Tally, type ZoneStats } from './stats.ts'
import { Subnets } from './subnets.ts'
import { topOf, type TopKey } from './top.ts'
import { Trials, usualCandidates } from './trials.ts'
import { checkZone, zoneChecks, type ZoneOptions } from './zone-options.ts'

export type { ZoneOptions } from './zone-options.ts'

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
  /** @internal How keys are shown. */
  readonly showing: Showing
  /** @internal Limits that are tried beside the real ones. */
  readonly trials: Trials
  /** @internal Somebody is to know which slots are idle. */
  isHeeded = false
  readonly #live = new Map<string, KeyRecord>()
  readonly #subnets = new Subnets()
  readonly #idle: IdleRecords
  readonly #counters = new Counters()

  constructor(options: ZoneOptions) {
    const checked = checkZone<ZoneOptions>(options, zoneChecks)
    this.name = checked.name
    this.max = checked.max ?? 65_536
    this.maxIdle = checked.maxIdle ?? 1_024
    this.onFull = checked.onFull ?? 'reject'
    this.showing = { reveal: checked.reveal ?? false, privacy: checked.privacy ?? false }
    this.trials = new Trials(checked.candidates ?? usualCandidates)
    this.#idle = new IdleRecords(this.maxIdle, () => this.tally('forgotten'))
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
    return this.#counters.with({ waiting: this.waiting, keys: this.#live.size })
  }

  /** The `n` keys with the most slots, then with the highest peak; idle keys that are still remembered included. */
  top(n = 10): TopKey[] {
    return topOf(this.allRecords(), { n, showing: this.showing })
  }

  /**
   * What other limits would have come to, for what came and went in this process since the zone was made or reset.
   * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION, ERR_LIMIT_CONN_UNKNOWN_OPTION
   */
  advise(options: AdviseOptions = {}): Advice {
    return advise(this, options)
  }

  /** Starts the statistics again. Slots stay: what is open stays counted, as with DELETE of the NGINX Plus API. */
  reset(): void {
    this.#counters.reset()
    this.#idle.clear()
    this.trials.reset()
    // Who waits now was made to wait before, and comes in later than it came.
    if (this.waiting > 0) this.trials.disturbed()
    for (const record of this.records) record.reset()
  }

  /** Counts again, slot by slot, and looks at what holds each. Takes time in proportion to the slots. */
  audit(): Audit {
    return auditSlots(this.#counters.active, this.records)
  }

  /** @internal The live keys. */
  get records(): Iterable<KeyRecord> {
    return this.#live.values()
  }

  /** @internal Those of idle keys included, as far as they are remembered. */
  *allRecords(): Iterable<KeyRecord> {
    yield* this.records
    yield* this.#idle.all
  }

  /** @internal The live keys, tagged. */
  get liveKeys(): Iterable<string> {
    return this.#live.keys()
  }

  /** @internal Slots taken under a tagged key. */
  activeUnder(key: string): number {
    return this.#live.get(key)?.active ?? 0
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
    this.#counters.taken()
    return slot
  }

  /** @internal Gives a slot back; once, whoever calls it again. */
  release(slot: Slot, cause: ReleaseCause = 'ended'): void {
    if (slot.isReleased) return
    slot.isReleased = true
    slot.record.remove(slot)
    this.trials.left(slot.record, slot)
    this.#counters.givenBack()
    tellReleased(slot, cause)
    if (slot.record.active === 0) this.#retire(slot.record)
    this.share?.released(slot.record.key)
    if (this.waiting > 0) for (const queue of this.queues) queue.wake(this, slot.record.key)
  }

  /** @internal Counts what was decided. */
  tally(what: Tally): void {
    this.#counters.count(what)
    if (what === 'evicted' || what === 'trimmed' || what === 'queued') this.trials.disturbed()
  }

  /** @internal What is known of a tagged key; of an idle one, if it is still remembered. */
  recordOf(key: string): KeyRecord | undefined {
    return this.#live.get(key) ?? this.#idle.peek(key)
  }

  /** @internal The tagged keys that a person may mean by a key, narrowest first. */
  keysFor(key: ReadableKey): readonly string[] {
    return this.#subnets.keysFor(key)
  }

  #read(key: ReadableKey): KeyRecord | undefined {
    const tagged = this.keysFor(key).find((each) => this.#live.has(each))
    return tagged === undefined ? undefined : this.#live.get(tagged)
  }

  #revive(key: string): KeyRecord {
    const record = this.#idle.get(key) ?? new KeyRecord(flat(key))
    this.#live.set(record.key, record)
    this.#subnets.note(key)
    return record
  }

  #retire(record: KeyRecord): void {
    record.idleSinceMs = Date.now()
    this.#live.delete(record.key)
    this.#idle.add(record)
  }
}
