import net from 'node:net'
import * as fc from 'fast-check'
import { readProxyHeader, type NoHeader, type ProxyHeader } from '../../lib/net/proxy-header.ts'
import { headers, malformed, tooLong } from './proxy-headers.ts'

type Read = ProxyHeader | NoHeader

const samples = [
  ...Object.values(headers).map(([bytes]) => bytes),
  ...Object.values(malformed),
  ...Object.values(tooLong),
]
const longest = 536

/** A sample, with some of its bytes changed. */
const damaged = fc
  .tuple(
    fc.constantFrom(...samples),
    fc.array(fc.tuple(fc.nat(longest), fc.nat(255)), { maxLength: 4 }),
    fc.uint8Array({ maxLength: 600 }),
  )
  .map(([sample, changes, rest]) => {
    const bytes = Buffer.concat([sample, rest])
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
    return bytes
  })
const words = [
  'PROXY ',
  'TCP4',
  'TCP6',
  'UNKNOWN',
  ' ',
  '\r',
  '\n',
  '\r\n',
  '1.2.3.4',
  '::1',
  '0',
  '65535',
  '65536',
  '%',
  'x',
]
const lines = fc
  .array(fc.constantFrom(...words), { maxLength: 20 })
  .map((parts) => Buffer.from(`PROXY ${parts.join('')}`))
const random = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes))
const pieces = fc.infiniteStream(fc.integer({ min: 1, max: 64 }))

/** Tries so many inputs, cut into pieces at random. @throws with the smallest input that is not treated as it should be */
export function expectReadOrRefused(settings: fc.Parameters<[Buffer, fc.Stream<number>]>): void {
  fc.assert(
    fc.property(fc.oneof(damaged, lines, random), pieces, (bytes, sizes) => {
      const { read, taken } = feed(bytes, sizes)
      checkRead(read, bytes)
      if (read === 'more' && taken >= longest) throw new Error(`${taken} bytes are held`)
      if (!isSame(read, readProxyHeader(bytes))) throw new Error('it hangs on how the bytes come')
    }),
    settings,
  )
}

/** Gives the bytes piece by piece, until something is known. */
function feed(bytes: Buffer, sizes: fc.Stream<number>): { read: Read | 'more'; taken: number } {
  let taken = 0
  for (const size of sizes) {
    taken = Math.min(bytes.length, taken + size)
    const read = readProxyHeader(bytes.subarray(0, taken))
    if (read !== 'more' || taken === bytes.length) return { read, taken }
  }
  throw new Error('never')
}

function checkRead(read: Read | 'more', bytes: Buffer): void {
  if (typeof read === 'string') return
  const { length, client } = read
  if (length < 15 || length > longest || length > bytes.length) throw new Error(`a header of ${length} bytes`)
  if (!client) return
  const { remoteAddress, remotePort, remoteFamily } = client
  if (net.isIP(remoteAddress) !== (remoteFamily === 'IPv6' ? 6 : 4))
    throw new Error(`address ${remoteAddress}`)
  if (!Number.isInteger(remotePort) || remotePort < 0 || remotePort > 0xffff)
    throw new Error(`port ${remotePort}`)
}

function isSame(one: Read | 'more', other: Read | 'more'): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
