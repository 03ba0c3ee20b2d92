import { createHash } from 'node:crypto'
import { invalid } from '../options/check.ts'
import { parseAddress, readSubnet, subnetsOf, type Address } from './address.ts'

/** What {@link byIp} answers when the peer of a TCP connection is gone: the holder is neither counted nor passed on. */
export const GONE: unique symbol = Symbol('limit-conn.gone')

/** What a key function may answer; empty text, undefined and null mean that the limit does not apply. */
export type KeyValue = string | number | bigint | AddressKey | typeof GONE | undefined | null

/** A key as a person writes it to read a count: an address, or other text; `{ text }` is never an address. */
export type ReadableKey = string | number | bigint | { readonly text: string }

/** Longest key that is kept as it is, in bytes of UTF-8; a longer one is kept as its SHA-256. */
const longestKey = 255

/**
 * The key of an address. `byIp()` makes it; a key function of yours may pass it on.
 *
 * Addresses and texts never meet in a zone: a client that sends another's address in a header fills a key of its own.
 */
export class AddressKey {
  /** One tagged key for each subnet length. */
  readonly keys: readonly string[]

  constructor(address: Address, ipv6Subnets: readonly number[]) {
    this.keys = subnetsOf(address, ipv6Subnets).map((subnet) => `a:${subnet}`)
  }
}

/** The subnet of an address key as text; the widest, if there are several. */
export function subnetIn(key: AddressKey): string {
  return key.keys.at(-1)!.slice(2)
}

/** The tagged keys of a value: none if it is empty, undefined if it is not a key. */
export function keysOf(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return value === '' ? [] : [textKey(value)]
  if (value === undefined || value === null) return []
  if (value instanceof AddressKey) return value.keys
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) {
    return [textKey(String(value))]
  }
  return undefined
}

/** The tagged key of a text. */
export function textKey(text: string): string {
  const isLong = text.length > longestKey || Buffer.byteLength(text) > longestKey
  return isLong ? `h:${createHash('sha256').update(text, 'utf16le').digest('base64url')}` : `t:${text}`
}

/**
 * The tagged keys that a readable key may stand for, narrowest first.
 *
 * An IPv6 address stands for its subnets of the lengths given, and `2001:db8::/56` for itself.
 */
export function keysToRead(key: ReadableKey, ipv6Subnets: readonly number[]): readonly string[] {
  if (typeof key === 'number' || typeof key === 'bigint') return [textKey(String(key))]
  if (typeof key === 'object' && typeof key?.text === 'string') return [textKey(key.text)]
  if (typeof key !== 'string') throw invalid('key', key, 'text, a number, or { text }')

  const address = parseAddress(key)
  if (address) return new AddressKey(address, ipv6Subnets).keys
  const subnet = key.includes('/') ? readSubnet(key) : undefined
  return [subnet === undefined ? textKey(key) : `a:${subnet}`]
}

/** The subnet length of a tagged key, if it is that of IPv6 addresses. */
export function ipv6SubnetOf(key: string): number | undefined {
  const slash = key.startsWith('a:') ? key.indexOf('/') : -1
  return slash < 0 ? undefined : Number(key.slice(slash + 1))
}

/** A copy that does not keep the header alive of which the key is a slice (V8 slices share their parent). */
export function flat(key: string): string {
  const copy = Buffer.from(key, 'latin1').toString('latin1')
  return copy === key ? copy : Buffer.from(key, 'utf16le').toString('utf16le')
}
