import { Breaker } from './breaker.ts'
import { reasonOf, within } from './deadline.ts'
import { cellOf, oldestOf, type CourierOptions, type Desk, type Parcel, type Waiting } from './desk.ts'
import { Doubts } from './doubts.ts'
import { Forgotten, WriteAgain, type CellReply, type Store } from './store.ts'

/** How long a cell that has changed may wait for company, in milliseconds. */
const pushMs = 10
/** How soon after the first the second sync comes, in milliseconds. */
const secondSyncMs = 1_000

/**
 * Carries cells to the store: what is asked for at the end of the turn, what has changed a moment later, all of it now and
 * then. Of a key one is on its way at most, so that it is known what stands in the store; what got no answer is written
 * again until no late command can undo that.
 */
export class Courier<A extends Waiting> {
  readonly #desk: Desk<A>
  readonly #store: Store
  readonly #options: CourierOptions
  readonly #breaker: Breaker
  readonly #changed = new Set<string>()
  readonly #busy = new Set<string>()
  readonly #doubts: Doubts
  readonly #flights = new Set<Promise<void>>()
  readonly #syncTimer: NodeJS.Timeout
  #pushTimer: NodeJS.Timeout | undefined
  #isScheduled = false
  #syncing: Promise<void> | undefined
  #mustSyncAgain = false
  #isClosed = false

  constructor(desk: Desk<A>, store: Store, options: CourierOptions) {
    this.#desk = desk
    this.#store = store
    this.#options = options
    this.#doubts = new Doubts(store.lapses ? options.ttlMs : Infinity)
    this.#breaker = new Breaker({
      probe: async () => await this.#beat(),
      opened: (reason) => desk.tell(reason),
      closed: (wasOpen) => this.#resume(wasOpen),
    })
    store.onLost = () => {
      desk.recovers()
      this.#syncSoon()
    }
    this.#syncTimer = setInterval(() => this.#syncSoon(), options.syncMs).unref()
    setImmediate(() => this.#syncSoon())
    // Once more soon: those that began at the same time know of each other then.
    setTimeout(() => this.#syncSoon(), Math.min(secondSyncMs, options.syncMs)).unref()
  }

  /** The store is away: nothing is carried there. */
  get isAway(): boolean {
    return this.#isClosed || this.#breaker.isOpen
  }

  /** Somebody waits: at the end of this turn. */
  hurry(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#flush())
  }

  /** The cell of a key is different from what stands in the store. */
  changed(key: string): void {
    if (this.#isClosed) return
    if (this.isAway) this.#doubts.add(key)
    else {
      this.#changed.add(key)
      this.#pushTimer ??= setTimeout(() => this.#flush(), pushMs)
    }
  }

  /** Writes all cells as zero and leaves. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#syncTimer)
    clearTimeout(this.#pushTimer)
    this.#breaker.stop()
    await Promise.all(this.#flights)
    await this.#syncing

    const keys = new Set([...this.#desk.liveKeys, ...this.#changed, ...this.#doubts.keys])
    try {
      for (const batch of this.#store.batches(keys))
        await this.#within(this.#store.write(batch.map((key) => ({ key, count: 0, wishes: [] }))))
      await this.#within(this.#store.leave())
    } catch {
      // What stands there lapses.
    }
  }

  #flush(): void {
    this.#isScheduled = false
    clearTimeout(this.#pushTimer)
    this.#pushTimer = undefined
    if (this.isAway) return
    const keys = new Set([...this.#desk.askedKeys, ...this.#changed])
    for (const key of keys) if (this.#busy.has(key)) keys.delete(key)
    for (const batch of this.#store.batches(keys)) void this.#send(batch)
  }

  /** Never rejects. */
  async #send(keys: readonly string[]): Promise<void> {
    const parcels = keys.filter((key) => !this.#busy.has(key)).map((key) => this.#desk.pack(key))
    if (parcels.length === 0) return
    for (const { key } of parcels) {
      this.#busy.add(key)
      this.#changed.delete(key)
    }

    const flight = this.#carry(parcels)
    this.#flights.add(flight)
    await flight
    this.#flights.delete(flight)
    for (const key of keys) this.#busy.delete(key)
    this.#goOn()
  }

  async #carry(parcels: readonly Parcel<A>[]): Promise<void> {
    try {
      const replies = await this.#within(this.#store.write(parcels.map(cellOf)), oldestOf(parcels))
      this.#breaker.succeeded()
      for (const [index, parcel] of parcels.entries()) this.#deliver(parcel, replies[index]!)
    } catch (cause) {
      const isToRepeat = cause instanceof WriteAgain
      for (const parcel of parcels) this.#return(parcel, isToRepeat)
      const isWell = isToRepeat || cause instanceof Forgotten
      if (!isWell) this.#breaker.failed(reasonOf(cause))
    }
  }

  #deliver(parcel: Parcel<A>, reply: CellReply): void {
    const { key } = parcel
    this.#doubts.written(key)
    if (this.#desk.delivered(parcel, reply)) this.#changed.add(key)
  }

  #return(parcel: Parcel<A>, isToRepeat: boolean): void {
    this.#doubts.add(parcel.key)
    this.#changed.add(parcel.key)
    if (isToRepeat) this.#desk.takeBack(parcel)
    else this.#desk.lost(parcel)
  }

  /** What came up while a command was on its way. */
  #goOn(): void {
    if (this.#isClosed) return
    for (const key of this.#desk.askedKeys) if (!this.#busy.has(key)) this.hurry()
    if (this.#changed.size > 0) this.#pushTimer ??= setTimeout(() => this.#flush(), pushMs)
  }

  #syncSoon(): void {
    if (this.#isClosed) return
    this.#mustSyncAgain = true
    this.#syncing ??= this.#sync().finally(() => (this.#syncing = undefined))
  }

  async #sync(): Promise<void> {
    while (this.#mustSyncAgain && !this.#isClosed) {
      this.#mustSyncAgain = false
      this.#doubts.forget()
      if (await this.#beat()) await this.#writeAll()
    }
  }

  async #writeAll(): Promise<void> {
    const live = this.#store.lapses ? this.#desk.liveKeys : []
    const keys = new Set([...live, ...this.#changed, ...this.#doubts.keys])
    for (const batch of this.#store.batches(keys)) {
      if (this.isAway) return
      await this.#send(batch)
    }
  }

  async #beat(): Promise<boolean> {
    try {
      const instances = await this.#within(this.#store.beat())
      this.#breaker.succeeded()
      this.#desk.counted(instances)
      return true
    } catch (cause) {
      this.#breaker.failed(reasonOf(cause))
      return false
    }
  }

  #resume(wasOpen: boolean): void {
    if (wasOpen) this.#desk.tell(undefined)
    if (!this.#syncing) this.#syncSoon()
  }

  async #within<T>(answer: Promise<T>, sinceMs: number = performance.now()): Promise<T> {
    const left = this.#options.commandTimeoutMs - (performance.now() - sinceMs)
    return await within(answer, Math.max(1, Math.ceil(left)))
  }
}
