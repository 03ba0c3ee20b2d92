import type { Carrier, Pulse } from './carrier.ts'
import type { ReleaseCause } from './channels.ts'
import { flat } from './key.ts'
import type { Lease } from './lease.ts'
import type { Owner, Slot } from './slot.ts'
import type { Tally } from './stats.ts'
import type { Zone } from './zone.ts'

/** Keys that a holder remembers to be refused under: a session may show any number. */
const mostRefused = 64

/**
 * The thing that has slots until it ends: a connection, or a request on one.
 *
 * Whatever ends it calls `end`, as often as it likes. A request ends with its connection at the latest.
 */
export class Holder {
  /** Those that are open. They live as long as the holder: a WeakMap would keep each alive through many collections. */
  leases: readonly Lease[] | undefined
  readonly #parent: Holder | undefined
  #slots: Slot[] | undefined
  #uses: Slot[] | undefined
  /** The requests that have not ended, as a list: a Set costs more to keep than the rest of a request. */
  #firstChild: Holder | undefined
  #previous: Holder | undefined
  #next: Holder | undefined
  #counted: Counted[] | undefined
  #refused: { readonly zone: Zone; readonly key: string }[] | undefined
  #known: object[] | undefined
  #carrier: Carrier | undefined
  #listeners: (() => void)[] | undefined
  #isEnded = false
  /** When a limit with `maxLifetimeMs` was first asked for it, by `performance.now()`; 0 where none has. */
  sinceMs = 0

  constructor(parent?: Holder) {
    this.#parent = parent
    parent?.adopt(this)
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** How the holder is. One that follows a parent ends with it, and is as well as it. */
  pulse(): Pulse {
    if (this.#isEnded) return 'gone'
    return this.#carrier?.pulse() ?? this.#parent?.pulse() ?? 'open'
  }

  /** What is asked how it is, and closed to end it; undefined where nothing can be. */
  get carrier(): Carrier | undefined {
    return this.#carrier
  }

  /** Takes the place of what carried it before, and is heeded as that was. */
  carriedBy(carrier: Carrier): void {
    if (this.#carrier && this.#carrier.quietSinceMs > 0) carrier.heed()
    this.#carrier = carrier
  }

  /** Calls back once, when the holder has given everything back. */
  onEnd(listener: () => void): void {
    ;(this.#listeners ??= []).push(listener)
  }

  get slots(): readonly Slot[] {
    return this.#slots ?? noSlots
  }

  find(zone: Zone, key: string): Slot | undefined {
    for (const slot of this.slots) if (slot.record.key === key && slot.zone === zone) return slot
    return undefined
  }

  /** Has a slot until it ends or gives it back. */
  hold(slot: Slot): void {
    if (this.#slots) this.#slots.push(slot)
    else this.#slots = [slot]
  }

  /** Needs a slot of the connection until this request ends. */
  use(slot: Slot): void {
    if (this.#uses?.includes(slot)) return
    if (this.#uses) this.#uses.push(slot)
    else this.#uses = [slot]
    slot.uses++
  }

  /** Gives a slot back if nobody needs it any more. */
  giveBackIfIdle(slot: Slot, cause: ReleaseCause = 'moved'): void {
    if (!slot.isIdle) return
    slot.zone.release(slot, cause)
    const index = this.slots.indexOf(slot)
    if (index >= 0) this.#slots?.splice(index, 1)
  }

  /** True once for each owner, zone and tally: counters count a holder, not each request of it. */
  isFirst(owner: Owner, zone: Zone, tally: Tally): boolean {
    this.#counted ??= []
    let counted = this.#counted.find((entry) => entry.owner === owner && entry.zone === zone)
    if (!counted) this.#counted.push((counted = { owner, zone, tallies: [] }))
    if (counted.tallies.includes(tally)) return false
    counted.tallies.push(tally)
    return true
  }

  /** True once for each key that refuses it: who asks again has not arrived again. So of the last few; others are forgotten. */
  isNewlyRefused(zone: Zone, key: string): boolean {
    if (this.#refused?.some((entry) => entry.key === key && entry.zone === zone)) return false
    if (!this.#refused || this.#refused.length >= mostRefused) this.#refused = []
    this.#refused.push({ zone, key: flat(key) })
    return true
  }

  /** True once for each who asks. */
  isNewTo(who: object): boolean {
    if (this.#known?.includes(who)) return false
    ;(this.#known ??= []).push(who)
    return true
  }

  /** Gives everything back, once. */
  end(cause: ReleaseCause = 'ended'): void {
    if (this.#isEnded) return
    this.#isEnded = true

    while (this.#firstChild) this.#firstChild.end(cause)
    for (const slot of this.#uses ?? []) {
      slot.uses--
      slot.holder.giveBackIfIdle(slot, slot.holder.isEnded ? cause : 'moved')
    }
    for (const slot of this.#slots?.splice(0) ?? noSlots) slot.zone.release(slot, cause)
    this.#parent?.disown(this)
    for (const listener of this.#listeners ?? []) listener()
  }

  get hasChildren(): boolean {
    return this.#firstChild !== undefined
  }

  /** The requests that have not ended, the latest first. One may end while it is looked at. */
  get children(): Iterable<Holder> {
    return this.#firstChild ? this.#childrenFrom(this.#firstChild) : noChildren
  }

  *#childrenFrom(first: Holder): Iterable<Holder> {
    for (let child: Holder | undefined = first; child;) {
      const next: Holder | undefined = child.#next
      yield child
      child = next
    }
  }

  private adopt(child: Holder): void {
    if (this.#isEnded) return child.end()
    child.#next = this.#firstChild
    if (this.#firstChild) this.#firstChild.#previous = child
    this.#firstChild = child
  }

  private disown(child: Holder): void {
    if (child.#previous) child.#previous.#next = child.#next
    else if (this.#firstChild === child) this.#firstChild = child.#next
    if (child.#next) child.#next.#previous = child.#previous
    child.#previous = child.#next = undefined
  }
}

const noSlots: readonly Slot[] = []
const noChildren: readonly Holder[] = []

interface Counted {
  readonly owner: Owner
  readonly zone: Zone
  readonly tallies: Tally[]
}
