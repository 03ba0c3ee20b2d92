import * as fc from 'fast-check'

/** An IPv6 address: 16 bytes in network order. */
export type Bytes = readonly number[]

/** How to write an address, where there is a choice. */
export interface Style {
  /** Which letters are upper case, by turns: seven bits. */
  readonly upper: number
  /** Zeros before the digits of each group, as far as four digits allow: two bits each. */
  readonly zeros: number
  /** Which of the runs of zeros becomes `::`, if any. */
  readonly run: number
  readonly hasQuad: boolean
  readonly interface: string
}

const aByte = fc.oneof(fc.constant(0), fc.constant(0), fc.constantFrom(1, 0x7f, 0x80, 0xff), fc.nat(255))
const bytes = (length: number): fc.Arbitrary<number[]> =>
  fc.array(aByte, { minLength: length, maxLength: length })

/** The first bytes of addresses that mean something. @see RFC 4291 section 2, RFC 6052 section 2.1, RFC 3056 */
export const prefixes = {
  mapped: [...zeros(10), 0xff, 0xff],
  nat64: [0, 0x64, 0xff, 0x9b, ...zeros(8)],
  compatible: zeros(12),
  translated: [...zeros(8), 0xff, 0xff, 0, 0],
  localNat64: [0, 0x64, 0xff, 0x9b, 0, 1],
  linkLocal: [0xfe, 0x80],
  lastLinkLocal: [0xfe, 0xbf],
  siteLocal: [0xfe, 0xc0],
  sixToFour: [0x20, 0x02],
  documentation: [0x20, 0x01, 0x0d, 0xb8],
} as const

export const anAddress: fc.Arbitrary<Bytes> = fc
  .tuple(fc.constantFrom([], [], ...Object.values(prefixes)), bytes(16))
  .map(([prefix, rest]) => [...prefix, ...rest.slice(prefix.length)])

/** The four bytes of an IPv4 address. */
export const anIpv4: fc.Arbitrary<Bytes> = bytes(4)

export const aStyle: fc.Arbitrary<Style> = fc.record({
  upper: fc.nat(0x7f),
  zeros: fc.nat(0xffff),
  run: fc.nat(40),
  hasQuad: fc.boolean(),
  interface: fc.constantFrom('', '', '', '%eth0', '%12', '%en0:1', '%br-1a.2_b'),
})

/** Writes an IPv6 address in one of the forms of RFC 4291 section 2.2, with a zone of RFC 4007 section 11 behind. */
export function spell(address: Bytes, style: Style): string {
  const groups = groupsOf(style.hasQuad ? address.slice(0, 12) : address)
  const texts = groups.map((group, index) => hex(group, (style.zeros >> (2 * index)) & 3))
  const tail = style.hasQuad ? [quad(address.slice(12))] : []

  const [start, length] = [undefined, ...runsOf(groups)][style.run % (1 + runsOf(groups).length)] ?? [0, 0]
  const after = [...texts.slice(start + length), ...tail].join(':')
  const text = length === 0 ? after : `${texts.slice(0, start).join(':')}::${after}`
  return cased(text, style.upper) + style.interface
}

export function quad(address: Bytes): string {
  return address.join('.')
}

/** Each place where `::` may stand: one group of zeros, or several that stand together. */
function runsOf(groups: readonly number[]): [start: number, length: number][] {
  const runs: [number, number][] = []
  for (let start = 0; start < groups.length; start++) {
    for (let end = start; groups[end] === 0; end++) runs.push([start, end - start + 1])
  }
  return runs
}

function groupsOf(address: Bytes): number[] {
  return Array.from({ length: address.length / 2 }, (_, n) => address[2 * n]! * 256 + address[2 * n + 1]!)
}

function hex(group: number, leading: number): string {
  const text = group.toString(16)
  return text.padStart(Math.min(4, text.length + leading), '0')
}

function cased(text: string, upper: number): string {
  return [...text].map((char, n) => ((upper >> (n % 7)) & 1 ? char.toUpperCase() : char)).join('')
}

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0)
}
