import { LRUCache } from 'lru-cache'
import { Grant, type Share, type Wish } from '../core/share.ts'
import { Courier } from './courier.ts'
import type { CourierOptions, Desk, Parcel } from './desk.ts'
import { OwnShare, type OwnShareOptions } from './own-share.ts'
import type { CellReply, Store } from './store.ts'

/** What this process holds in a zone. */
export interface Holdings {
  activeUnder(key: string): number
  readonly liveKeys: Iterable<string>
}

export interface LedgerOptions extends CourierOptions, OwnShareOptions {
  /** The store went away, for a reason; or it is back. */
  readonly tell: (reason: string | undefined) => void
}

/** A wish that waits for its answer. */
interface Asked {
  readonly wish: Wish
  readonly sinceMs: number
  readonly answer: (grant: Grant) => void
}

/** How long what others hold is believed after a refusal, in milliseconds: so seldom a key under attack is asked for. */
const denialMs = 100
const mostDenials = 4_096

/**
 * This process's side of a shared zone: a cell for each key, with the absolute number of its slots.
 *
 * A slot is counted here from when the store granted it. Where the store gives no answer, this process decides by itself.
 */
export class Ledger implements Share, Desk<Asked> {
  warning: string | undefined
  readonly #holdings: Holdings
  readonly #options: LedgerOptions
  readonly #courier: Courier<Asked>
  readonly #asked = new Map<string, Asked[]>()
  /** Slots that were granted and not taken yet. */
  readonly #kept = new Map<string, number>()
  readonly #others = new Map<string, number>()
  readonly #denials = new LRUCache<string, number>({ max: mostDenials, ttl: denialMs })
  readonly #ownShare: OwnShare

  constructor(holdings: Holdings, store: Store, options: LedgerOptions) {
    this.#holdings = holdings
    this.#options = options
    this.#ownShare = new OwnShare(options)
    this.#courier = new Courier<Asked>(this, store, options)
  }

  ask(wish: Wish): Grant | Promise<Grant> {
    if (this.#courier.isAway) return this.#decideAlone(wish)
    if (wish.kind === 'take' && this.#isKnownToBeOver(wish))
      return new Grant({ isOver: true, others: this.othersUnder(wish.key), isAlone: false })

    return new Promise((answer) => {
      const asked = this.#asked.get(wish.key) ?? []
      asked.push({ wish, sinceMs: performance.now(), answer })
      this.#asked.set(wish.key, asked)
      this.#courier.hurry()
    })
  }

  released(key: string): void {
    if (this.#countUnder(key) === 0) this.#others.delete(key)
    this.#courier.changed(key)
  }

  othersUnder(key: string): number {
    return this.#others.get(key) ?? this.#denials.get(key) ?? 0
  }

  /** Takes all back that this process has written. It decides by itself from then on. */
  async close(): Promise<void> {
    const closed = this.#courier.close()
    this.#answerAllAlone()
    await closed
  }

  get liveKeys(): Iterable<string> {
    return this.#holdings.liveKeys
  }

  get askedKeys(): Iterable<string> {
    return this.#asked.keys()
  }

  pack(key: string): Parcel<Asked> {
    const asked = this.#asked.get(key) ?? []
    this.#asked.delete(key)
    return {
      key,
      count: this.#countUnder(key),
      asked: this.#ownShare.isBinding ? this.#withinShare(asked) : asked,
    }
  }

  delivered({ key, count, asked }: Parcel<Asked>, { others, isOver }: CellReply): boolean {
    let written = count
    this.#denials.delete(key)
    for (const [index, { wish, answer }] of asked.entries()) {
      const found = { isOver: isOver[index]!, others, isAlone: false }
      const isKept = wish.kind === 'force' || (wish.kind === 'take' && !found.isOver)
      if (isKept) written++
      else if (found.isOver) this.#denials.set(key, others)
      answer(isKept ? this.#keep(key, found) : new Grant(found))
    }
    this.#note(key, others)
    return this.#countUnder(key) !== written
  }

  takeBack({ key, asked }: Parcel<Asked>): void {
    if (asked.length > 0) this.#asked.set(key, [...asked, ...(this.#asked.get(key) ?? [])])
  }

  lost({ key, asked }: Parcel<Asked>): void {
    const waiting = this.#asked.get(key) ?? []
    this.#asked.delete(key)
    this.#answerAlone([...asked, ...waiting])
  }

  recovers(): void {
    this.#ownShare.recover()
  }

  counted(instances: number): void {
    this.#ownShare.counted(instances)
  }

  tell(reason: string | undefined): void {
    this.#options.tell(reason)
    if (reason === undefined) this.recovers()
    else this.#answerAllAlone()
  }

  /** No room is left, as far as is known; or none of this process's own, until the others have told what they hold. */
  #isKnownToBeOver({ key, max }: Wish): boolean {
    const count = this.#countUnder(key)
    if (count + (this.#denials.get(key) ?? 0) >= max) return true
    return this.#ownShare.isBinding && count >= this.#ownShare.of(max)
  }

  /** Refuses those for whom this process has no room of its own; the store is asked for the others. */
  #withinShare(asked: readonly Asked[]): Asked[] {
    let more = 0
    return asked.filter(({ wish: { key, kind, max }, answer }) => {
      const isOver = kind === 'take' && this.#countUnder(key) + more >= this.#ownShare.of(max)
      if (isOver) answer(new Grant({ isOver, others: this.othersUnder(key), isAlone: true }))
      else if (kind !== 'look') more++
      return !isOver
    })
  }

  #countUnder(key: string): number {
    return this.#holdings.activeUnder(key) + (this.#kept.get(key) ?? 0)
  }

  /** Of keys of this process only: others have as many as they like. */
  #note(key: string, others: number): void {
    if (others > 0 && this.#countUnder(key) > 0) this.#others.set(key, others)
    else this.#others.delete(key)
  }

  #keep(key: string, found: Pick<Grant, 'isOver' | 'others' | 'isAlone'>): Grant {
    this.#kept.set(key, (this.#kept.get(key) ?? 0) + 1)
    return new Grant(found, (isTaken) => {
      const kept = this.#kept.get(key)! - 1
      if (kept > 0) this.#kept.set(key, kept)
      else this.#kept.delete(key)
      if (!isTaken) this.#courier.changed(key)
    })
  }

  #answerAllAlone(): void {
    const all = [...this.#asked.values()].flat()
    this.#asked.clear()
    this.#answerAlone(all)
  }

  #answerAlone(asked: readonly Asked[]): void {
    for (const { wish, answer } of asked) answer(this.#decideAlone(wish))
  }

  #decideAlone({ key, kind, max }: Wish): Grant {
    const count = this.#countUnder(key)
    const isOver = (kind === 'look' ? count : count + 1) > this.#ownShare.of(max)
    const found = { isOver, others: this.othersUnder(key), isAlone: true }
    if (kind === 'look' || (kind === 'take' && isOver)) return new Grant(found)

    this.#courier.changed(key)
    return this.#keep(key, found)
  }
}
