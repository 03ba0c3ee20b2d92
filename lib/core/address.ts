import ipaddr from 'ipaddr.js'

/** A parsed address in its canonical form: what is IPv4 by its bits is IPv4, zone identifiers are gone. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6

/** A block of addresses, such as 10.0.0.0/8. */
export type AddressRange = readonly [Address, number]

const longestAddress = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%'.length + 32
const nat64 = ipaddr.IPv6.parse('64:ff9b::')

/**
 * Parses the text of an address; undefined for everything else, ports and brackets included.
 *
 * Decided by bits, never by spelling: `::ffff:10.0.0.1`, `::ffff:a00:1` and `64:ff9b::10.0.0.1` are 10.0.0.1.
 *
 * @see RFC 4291 section 2.5.5.2 (IPv4-mapped), RFC 6052 section 2.1 (64:ff9b::/96)
 */
export function parseAddress(text: string): Address | undefined {
  if (text.length > longestAddress) return undefined
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text)
  const address = readIpv6(text)
  return address && canonical(address)
}

/** The address of 4 or 16 bytes in network order. */
export function addressOfBytes(bytes: Uint8Array): Address {
  const address = ipaddr.fromByteArray([...bytes])
  return address instanceof ipaddr.IPv6 ? canonical(address) : address
}

/**
 * Parses `10.0.0.0/8`, `2001:db8::/32` or a single address; undefined for everything else.
 *
 * A range wider than 64:ff9b::/96 is one of IPv6, though its first address is IPv4.
 */
export function parseRange(text: string): AddressRange | undefined {
  const slash = text.indexOf('/')
  const first = slash < 0 ? text : text.slice(0, slash)
  const address = parseAddress(first)
  if (!address) return undefined

  const widest = address.kind() === 'ipv4' ? 32 : 128
  if (slash < 0) return [address, widest]
  const bits = text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(bits)) return undefined
  if (Number(bits) < 96 && readIpv6(first)?.match(nat64, 96)) return [nat64, Number(bits)]
  return Number(bits) <= widest ? [address, Number(bits)] : undefined
}

/** The text that {@link subnetsOf} has for an IPv6 subnet; undefined for everything that is none. */
export function readSubnet(text: string): string | undefined {
  const [base, bits] = parseRange(text) ?? []
  return base instanceof ipaddr.IPv6 ? subnet(base, bits!) : undefined
}

export function isInRange(address: Address, [base, bits]: AddressRange): boolean {
  return address.kind() === base.kind() && address.match(base, bits)
}

/**
 * The subnets that an address is counted under: itself for IPv4, one for each length for IPv6.
 *
 * A link-local address stands for itself: the subnet of all of them is the same.
 */
export function subnetsOf(address: Address, ipv6Subnets: readonly number[]): readonly string[] {
  if (address instanceof ipaddr.IPv4) return [address.toString()]
  if (address.range() === 'linkLocal') return [subnet(address, 128)]
  return ipv6Subnets.map((bits) => subnet(address, bits))
}

function readIpv6(text: string): ipaddr.IPv6 | undefined {
  if (!text.includes(':')) return undefined
  const bare = text.replace(/%[\w.:-]+$/, '')
  const last = bare.slice(bare.lastIndexOf(':') + 1)
  if (last.includes('.') && !ipaddr.IPv4.isValidFourPartDecimal(last)) return undefined

  // ipaddr.js would read ::1.2.3.4 as IPv4-mapped, which it is not by its bits.
  const whole = bare.replace(/^::(?=\d+\.)/, '0:0:0:0:0:0:')
  return ipaddr.IPv6.isValid(whole) ? ipaddr.IPv6.parse(whole) : undefined
}

function canonical(address: ipaddr.IPv6): Address {
  if (address.isIPv4MappedAddress()) return address.toIPv4Address()
  if (address.match(nat64, 96)) return new ipaddr.IPv4(address.toByteArray().slice(12))
  return new ipaddr.IPv6(address.parts)
}

function subnet(address: ipaddr.IPv6, bits: number): string {
  const parts = address.parts.map((part, index) => {
    const kept = Math.min(16, Math.max(0, bits - 16 * index))
    return part & (0xffff << (16 - kept)) & 0xffff
  })
  return `${new ipaddr.IPv6(parts).toString()}/${bits}`
}
