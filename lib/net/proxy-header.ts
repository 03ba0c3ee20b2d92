import { addressOfBytes, parseAddress, type Address } from '../core/address.ts'
import type { Client } from '../core/peer.ts'

/** A whole PROXY protocol header. */
export interface ProxyHeader {
  /** Bytes that it takes; what follows is for the server. */
  readonly length: number
  /** Whom the proxy speaks for; undefined where it speaks for itself, or does not know. */
  readonly client: Client | undefined
}

/** Why bytes are no header. */
export type NoHeader = 'malformed' | 'tooLong'

const name = Buffer.from('PROXY ')
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** Longest line of version 1, with its end. */
const longestLine = 107
/** Longest header of version 2: what fits into the smallest segment that TCP may be told of. */
const longestHeader = 536
const fixedLength = 16

const line = /^PROXY TCP([46]) (\S+) (\S+) (\S+) (\S+)$/
const unknownLine = /^PROXY UNKNOWN(?: |$)/
const port = /^(?:0|[1-9]\d{0,4})$/

/**
 * Reads the header at the start of the bytes that have come so far: `'more'` if it is not whole. Strict: what the
 * specification does not allow is no header.
 *
 * The fields behind the addresses of version 2 are skipped, a checksum among them.
 *
 * @see https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt sections 2.1 and 2.2
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | NoHeader | 'more' {
  if (bytes.length === 0) return 'more'
  if (agrees(bytes, signature)) return bytes.length < fixedLength ? checkStart(bytes) : readBinary(bytes)
  if (agrees(bytes, name)) return readLine(bytes)
  return 'malformed'
}

/** Whether a header begins here: `'maybe'` if there are too few bytes to tell. */
export function beginsHeader(bytes: Buffer): 'yes' | 'maybe' | 'no' {
  if (bytes.length === 0) return 'no'
  const wanted = [name, signature].find((start) => agrees(bytes, start))
  if (!wanted) return 'no'
  return bytes.length >= wanted.length ? 'yes' : 'maybe'
}

/** As far as both reach, they are the same. */
function agrees(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

function readLine(bytes: Buffer): ProxyHeader | NoHeader | 'more' {
  const text = bytes.toString('latin1', 0, longestLine)
  const end = text.search(/[\r\n]/)
  if (end < 0) return text.length < longestLine ? 'more' : 'tooLong'
  if (text[end] === '\n') return 'malformed'
  if (end + 1 === text.length) return text.length < longestLine ? 'more' : 'tooLong'
  return text[end + 1] === '\n' ? readText(text.slice(0, end)) : 'malformed'
}

function readText(text: string): ProxyHeader | 'malformed' {
  const length = text.length + 2
  if (unknownLine.test(text)) return { length, client: undefined }

  const [, family, source = '', destination = '', ...ports] = line.exec(text) ?? []
  const address = addressIn(source, family)
  if (!address || !addressIn(destination, family) || !ports.every(isPort)) return 'malformed'
  return { length, client: clientAt(address, Number(ports[0])) }
}

/** An address as version 1 writes it, of its family. */
function addressIn(text: string, family: string | undefined): Address | undefined {
  if (family === '4') return text.includes(':') ? undefined : parseAddress(text)
  return /^[\da-f:.]+$/i.test(text) && text.includes(':') ? parseAddress(text) : undefined
}

function isPort(text: string): boolean {
  return port.test(text) && Number(text) <= 0xffff
}

/** What can be told of a header of version 2 before its length is known. */
function checkStart(bytes: Buffer): 'malformed' | 'more' {
  const command = bytes[12]
  if (command !== undefined && command !== 0x20 && command !== 0x21) return 'malformed'
  const kind = bytes[13]
  if (command !== 0x21 || kind === undefined) return 'more'
  return kind >> 4 <= 3 && (kind & 0xf) <= 2 ? 'more' : 'malformed'
}

function readBinary(bytes: Buffer): ProxyHeader | NoHeader | 'more' {
  const isProxied = bytes[12] === 0x21
  const kind = isProxied ? bytes[13]! : 0
  const length = fixedLength + bytes.readUInt16BE(14)

  if (checkStart(bytes) !== 'more') return 'malformed'
  if (length > longestHeader) return 'tooLong'
  // Of TCP only: with any other family or protocol the connection's own addresses stay, as with none.
  const size = { 0x11: 4, 0x21: 16 }[kind]
  if (size && length < fixedLength + 2 * size + 4) return 'malformed'
  if (bytes.length < length) return 'more'
  return { length, client: size ? clientIn(bytes, size) : undefined }
}

function clientIn(bytes: Buffer, size: number): Client {
  const address = addressOfBytes(bytes.subarray(fixedLength, fixedLength + size))
  return clientAt(address, bytes.readUInt16BE(fixedLength + 2 * size))
}

function clientAt(address: Address, remotePort: number): Client {
  return {
    remoteAddress: address.toString(),
    remotePort,
    remoteFamily: address.kind() === 'ipv6' ? 'IPv6' : 'IPv4',
  }
}
