import * as fc from 'fast-check'
import { AddressKey, keysToRead } from '../../../lib/core/key.ts'
import { byIp } from '../../../lib/index.ts'
import { anAddress, anIpv4, aStyle, prefixes, quad, spell, type Bytes } from './spelling.ts'
import type { Fuzzing } from './settings.ts'

const subnets = fc.oneof(
  fc.integer({ min: 1, max: 128 }).map((bits) => [bits]),
  fc.constantFrom([32], [48], [56], [64], [128], [64, 48], [128, 64, 56, 32]),
)
/** The same byte for byte, but for one bit. */
const aNeighbour = fc.tuple(anAddress, fc.nat(127)).map(([address, bit]): [Bytes, Bytes] => {
  return [address, address.map((byte, n) => (n === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte))]
})
const aPair = fc.oneof(aNeighbour, fc.tuple(anAddress, anAddress))

/** Every spelling of one address has its key, whatever other addresses have; and the key reads as itself. */
export function expectOneKeyEach(settings: Fuzzing): void {
  const styles = fc.array(aStyle, { minLength: 4, maxLength: 6 })
  fc.assert(
    fc.property(aPair, styles, subnets, ([one, other], written, ipv6Subnet) => {
      const keysOf = keysBy(ipv6Subnet)
      const spellings = written.map((style) => spell(one, style))
      const found = new Set(spellings.map((text) => String(keysOf(text))))
      if (found.size !== 1) throw new Error(`${spellings.join(' ')} are ${[...found].join(' and ')}`)

      const keys = keysOf(spellings[0]!)
      checkReadBack(keys, ipv6Subnet)
      checkApart([one, keys], [other, keysOf(spell(other, written[0]!))], ipv6Subnet)
    }),
    settings,
  )
}

/** An IPv4 address has one key in IPv4, IPv4-mapped and as NAT64 writes it, and it is the address. */
export function expectOneKeyOfIpv4(settings: Fuzzing): void {
  fc.assert(
    fc.property(anIpv4, aStyle, subnets, (address, style, ipv6Subnet) => {
      const embedded = [prefixes.mapped, prefixes.nat64].map((prefix) =>
        spell([...prefix, ...address], style),
      )
      for (const text of [quad(address), ...embedded]) {
        const keys = keysBy(ipv6Subnet)(text).join()
        if (keys !== `a:${quad(address)}`) throw new Error(`${text} is ${keys}`)
      }
    }),
    settings,
  )
}

function keysBy(ipv6Subnet: readonly number[]): (text: string) => readonly string[] {
  const keyOf = byIp({ ipv6Subnet })

  return function keysOf(text) {
    const key = keyOf({ remoteAddress: text, localAddress: '127.0.0.1' })
    if (key instanceof AddressKey) return key.keys
    throw new Error(`${text} has no key`)
  }
}

function checkReadBack(keys: readonly string[], ipv6Subnet: readonly number[]): void {
  for (const key of keys) {
    const read = keysToRead(key.slice(2), ipv6Subnet)
    if (!read.includes(key)) throw new Error(`${key} is read as ${read.join()}`)
  }
}

type Keyed = readonly [address: Bytes, keys: readonly string[]]

/** By the bits: two addresses share the key of a subnet if they are the same as far as that goes. */
function checkApart([one, keys]: Keyed, [other, otherKeys]: Keyed, ipv6Subnet: readonly number[]): void {
  const shared = keys.filter((key) => otherKeys.includes(key))
  const lengths = isWhole(one) || isWhole(other) ? [] : ipv6Subnet
  const same = lengths.filter((bits) => isPrefix(one, other, bits))
  const expected = ipv4In(one) !== undefined && ipv4In(one) === ipv4In(other) ? 1 : same.length

  if (shared.length === expected && same.every((bits) => shared.some((key) => key.endsWith(`/${bits}`))))
    return
  throw new Error(`${keys.join()} beside ${otherKeys.join()}: the same as far as ${same.join()}`)
}

/** Counted by itself, whatever the length: IPv4 and link-local. */
function isWhole(address: Bytes): boolean {
  return ipv4In(address) !== undefined || (address[0] === 0xfe && (address[1]! & 0xc0) === 0x80)
}

function ipv4In(address: Bytes): string | undefined {
  const isEmbedded = [prefixes.mapped, prefixes.nat64].some((prefix) =>
    prefix.every((b, n) => b === address[n]),
  )
  return isEmbedded ? quad(address.slice(12)) : undefined
}

function isPrefix(one: Bytes, other: Bytes, bits: number): boolean {
  const [a, b] = [one, other].map((address) =>
    address.map((byte) => byte.toString(2).padStart(8, '0')).join(''),
  )
  return a!.slice(0, bits) === b!.slice(0, bits)
}
