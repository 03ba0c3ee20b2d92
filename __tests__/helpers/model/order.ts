import { deepStrictEqual } from 'node:assert/strict'
import type { Holder } from '../../../lib/core/holder.ts'

/** Knows nothing but who came when and asks for what: of those who ask for the same, the first comes in first. */
export class Order {
  readonly #inLine = new Map<number, string>()

  /** It has to wait. */
  join(number: number, what: string, holder: Holder): void {
    this.#inLine.set(number, what)
    holder.onEnd(() => this.leave(number))
  }

  leave(number: number): void {
    this.#inLine.delete(number)
  }

  /** Fails if somebody is left behind who came before this one, which comes in. */
  checkEntry(number: number, what: string): void {
    const alike = [...this.#inLine].filter((each) => each[1] === what).map(([other]) => other)
    deepStrictEqual(
      alike.filter((other) => other < number),
      [],
    )
  }
}
