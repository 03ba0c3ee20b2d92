/**
 * The `n` items that a stable sort of all would put first, in its order. Each is compared with the last of
 * them; a place is looked for only for those that come before it.
 */
export class First<T> {
  readonly items: T[] = []
  readonly #n: number
  readonly #compare: (a: T, b: T) => number

  constructor(n: number, compare: (a: T, b: T) => number) {
    this.#n = n > 0 ? n : 0
    this.#compare = compare
  }

  add(item: T): void {
    const { items } = this
    if (items.length >= this.#n && (this.#n === 0 || this.#compare(item, items.at(-1)!) >= 0)) return
    items.splice(this.#placeOf(item), 0, item)
    if (items.length > this.#n) items.pop()
  }

  /** Behind all that do not come after it. */
  #placeOf(item: T): number {
    let [from, to] = [0, this.items.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if (this.#compare(this.items[middle]!, item) <= 0) from = middle + 1
      else to = middle
    }
    return from
  }
}
