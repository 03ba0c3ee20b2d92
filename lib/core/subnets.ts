import { ipv6SubnetOf, keysToRead, type ReadableKey } from './key.ts'

/** Of IPv6, where none was seen: that of `byIp()`. */
const usual = [56]

/** The lengths of the IPv6 subnets among the keys of a zone: an address is read by each of them. */
export class Subnets {
  readonly #lengths = new Set<number>()

  note(key: string): void {
    const length = ipv6SubnetOf(key)
    if (length !== undefined) this.#lengths.add(length)
  }

  /** The tagged keys that a person may mean by a key, narrowest first. */
  keysFor(key: ReadableKey): readonly string[] {
    const narrowestFirst = [...this.#lengths].toSorted((a, b) => b - a)
    return keysToRead(key, narrowestFirst.length > 0 ? narrowestFirst : usual)
  }
}
