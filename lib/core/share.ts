/** What is wanted of a zone that several processes share, under one key. */
export interface Wish {
  readonly key: string
  /**
   * `take`: a slot, if the limit has room. `force`: a slot, room or not: that of a dry run. `look`: no slot, only whether
   * the limit holds with those that are taken.
   */
  readonly kind: 'take' | 'force' | 'look'
  readonly max: number
}

/** The answer to a wish. A slot that it keeps is counted from then on: it is taken, or given back. */
export class Grant {
  /** There was no room. */
  readonly isOver: boolean
  /** Slots that other processes had, as far as is known. */
  readonly others: number
  /** This process has decided by itself: what they share could not be asked. */
  readonly isAlone: boolean
  #end: ((isTaken: boolean) => void) | undefined
  #isGivenBack = false

  constructor(found: Pick<Grant, 'isOver' | 'others' | 'isAlone'>, end?: (isTaken: boolean) => void) {
    this.isOver = found.isOver
    this.others = found.others
    this.isAlone = found.isAlone
    this.#end = end
  }

  /** Nothing can be had for it any more. */
  get isGivenBack(): boolean {
    return this.#isGivenBack
  }

  /** Its slot is taken in the zone, in this tick. */
  take(): void {
    this.#end?.(true)
    this.#end = undefined
  }

  /** Gives back what it keeps, if that was not taken. */
  giveBack(): void {
    if (!this.#end) return
    this.#end(false)
    this.#end = undefined
    this.#isGivenBack = true
  }
}

/** Slots under a key, those of other processes included, as far as is known. */
export function totalUnder(zone: SharedCount, key: string): number {
  return zone.activeUnder(key) + (zone.share?.othersUnder(key) ?? 0)
}

interface SharedCount {
  activeUnder(key: string): number
  readonly share: Share | undefined
}

/** What the processes share of a zone: it is asked before a slot is taken. */
export interface Share {
  /** Answers a wish, at once where nothing has to be waited for; never rejects. */
  ask(wish: Wish): Grant | Promise<Grant>
  /** A slot was given back under a key. */
  released(key: string): void
  /** Slots of other processes under a key, as far as is known. */
  othersUnder(key: string): number
  /** What looks wrong where it is kept, once that was seen. */
  readonly warning: string | undefined
}
