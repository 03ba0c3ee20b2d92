/** Whom a header names, as the sockets behind it tell; undefined: nobody. */
export type Named = { remoteAddress: string; remotePort: number; remoteFamily: string } | undefined

/** The first bytes of version 2. */
export const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** A header of version 1, as any proxy sends it. */
export function line(address: string, port = 56_324): Buffer {
  const [family, to] = address.includes(':') ? ['TCP6', '2001:db8::2'] : ['TCP4', '192.0.2.1']
  return Buffer.from(`PROXY ${family} ${address} ${to} ${port} 443\r\n`)
}

/** A header of version 2: the byte of its command, that of its family and protocol, and the rest. */
export function binary(command: number, kind: number, rest: Uint8Array): Buffer {
  const fixed = Buffer.concat([signature, Buffer.from([command, kind, 0, 0])])
  fixed.writeUInt16BE(rest.length, 14)
  return Buffer.concat([fixed, rest])
}

/** Addresses and ports of version 2, from 203.0.113.7 and port 56,324. */
export const inet = Buffer.from([203, 0, 113, 7, 192, 0, 2, 1, 0xdc, 0x04, 1, 187])
/** From 2001:db8:1:2::7. */
export const inet6 = Buffer.from('20010db8000100020000000000000007'.repeat(2) + 'dc0401bb', 'hex')
/** From 203.0.113.7, as an address of IPv6. */
const mapped = Buffer.from('00000000000000000000ffffcb007107'.repeat(2) + 'dc0401bb', 'hex')

/** A field behind the addresses of version 2. */
export function field(type: number, value: Uint8Array): Buffer {
  const head = Buffer.from([type, 0, 0])
  head.writeUInt16BE(value.length, 1)
  return Buffer.concat([head, value])
}

const ipv4 = { remoteAddress: '203.0.113.7', remotePort: 56_324, remoteFamily: 'IPv4' }
const ipv6 = { remoteAddress: '2001:db8:1:2::7', remotePort: 56_324, remoteFamily: 'IPv6' }
const fields = Buffer.concat([
  field(0x04, new Uint8Array(3)),
  field(0x02, Buffer.from('a.example')),
  field(0x03, Buffer.alloc(4)),
  field(0xea, Buffer.from('\x01vpce-08d2bf15fac5001c9', 'latin1')),
])
const filling = (length: number): Buffer => field(0x04, new Uint8Array(length - 3))

/** Headers that are right, whole. */
export const headers: Readonly<Record<string, readonly [Buffer, Named]>> = {
  'v1 TCP4': [line('203.0.113.7'), ipv4],
  'v1 TCP6': [line('2001:db8:1:2::7'), ipv6],
  'v1 TCP6 in capitals': [line('2001:DB8:1:2:0:0:0:7'), ipv6],
  'v1 TCP6 of an IPv4 address': [line('::ffff:203.0.113.7'), ipv4],
  'v1 longest TCP4': [
    Buffer.from('PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n'),
    { remoteAddress: '255.255.255.255', remotePort: 65_535, remoteFamily: 'IPv4' },
  ],
  'v1 longest TCP6': [
    Buffer.from(`PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`),
    { remoteAddress: `${'ffff:'.repeat(7)}ffff`, remotePort: 65_535, remoteFamily: 'IPv6' },
  ],
  'v1 port 0': [line('203.0.113.7', 0), { ...ipv4, remotePort: 0 }],
  'v1 UNKNOWN': [Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  'v1 UNKNOWN and more': [Buffer.from('PROXY UNKNOWN \0 \xff 1.2.3.4  x\r\n', 'latin1'), undefined],
  'v1 UNKNOWN, as long as may be': [Buffer.from(`PROXY UNKNOWN ${'f'.repeat(91)}\r\n`), undefined],
  'v2 TCP over IPv4': [binary(0x21, 0x11, inet), ipv4],
  'v2 TCP over IPv6': [binary(0x21, 0x21, inet6), ipv6],
  'v2 TCP over IPv6 of an IPv4 address': [binary(0x21, 0x21, mapped), ipv4],
  'v2 with fields': [binary(0x21, 0x11, Buffer.concat([inet, fields])), ipv4],
  'v2 over IPv6 with fields': [binary(0x21, 0x21, Buffer.concat([inet6, fields])), ipv6],
  'v2 as long as may be': [binary(0x21, 0x11, Buffer.concat([inet, filling(508)])), ipv4],
  'v2 LOCAL': [binary(0x20, 0, Buffer.alloc(0)), undefined],
  'v2 LOCAL with addresses': [binary(0x20, 0x11, inet), undefined],
  'v2 LOCAL of a family that there is not': [binary(0x20, 0xff, inet), undefined],
  'v2 UNSPEC': [binary(0x21, 0, Buffer.alloc(0)), undefined],
  'v2 UNSPEC with fields': [binary(0x21, 0, fields), undefined],
  'v2 UDP over IPv4': [binary(0x21, 0x12, inet), undefined],
  'v2 a Unix socket': [binary(0x21, 0x31, Buffer.alloc(216)), undefined],
}

const v1 = (text: string): Buffer => Buffer.from(text, 'latin1')

/** What is no header, and is known to be none by its last byte at the latest. */
export const malformed: Readonly<Record<string, Buffer>> = {
  'a request of HTTP': v1('G'),
  'a hello of TLS': Buffer.from([22]),
  'the preface of HTTP/2': v1('PRI'),
  'a NUL': v1('\0'),
  'another name': v1('PROXX'),
  'a name in small letters': v1('p'),
  'no blank behind the name': v1('PROXY\t'),
  'two blanks behind the name': v1('PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n'),
  'two blanks between': v1('PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n'),
  'a blank at the end': v1('PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n'),
  'a tab between': v1('PROXY TCP4\t1.2.3.4 5.6.7.8 1 2\r\n'),
  'one field too many': v1('PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n'),
  'one field too few': v1('PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n'),
  nothing: v1('PROXY \r\n'),
  'no addresses': v1('PROXY TCP4\r\n'),
  'another family': v1('PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n'),
  'a family in small letters': v1('PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n'),
  'UNKNOWN with a tail': v1('PROXY UNKNOWNS\r\n'),
  'IPv6 in TCP4': v1('PROXY TCP4 ::1 ::1 1 2\r\n'),
  'IPv4 in TCP6': v1('PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n'),
  'families that differ': v1('PROXY TCP4 1.2.3.4 ::1 1 2\r\n'),
  'an address with a port': v1('PROXY TCP4 1.2.3.4:80 5.6.7.8 1 2\r\n'),
  'an address in brackets': v1('PROXY TCP6 [::1] ::1 1 2\r\n'),
  'a zone': v1('PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'),
  'octets above 255': v1('PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n'),
  'three octets': v1('PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n'),
  'an octet that begins with zero': v1('PROXY TCP4 1.2.3.04 5.6.7.8 1 2\r\n'),
  'one number for an address': v1('PROXY TCP4 16909060 5.6.7.8 1 2\r\n'),
  'hexadecimal octets': v1('PROXY TCP4 0x1.2.3.4 5.6.7.8 1 2\r\n'),
  'a name for an address': v1('PROXY TCP4 localhost 5.6.7.8 1 2\r\n'),
  'nine groups': v1('PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n'),
  'two double colons': v1('PROXY TCP6 1::2::3 ::1 1 2\r\n'),
  'another destination': v1('PROXY TCP4 1.2.3.4 x 1 2\r\n'),
  'a port above 65535': v1('PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n'),
  'a long port': v1('PROXY TCP4 1.2.3.4 5.6.7.8 100000 2\r\n'),
  'a port that begins with zero': v1('PROXY TCP4 1.2.3.4 5.6.7.8 080 2\r\n'),
  'a port below zero': v1('PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n'),
  'a second port that is none': v1('PROXY TCP4 1.2.3.4 5.6.7.8 1 x\r\n'),
  'digits of another script': Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 ١ 2\r\n'),
  'LF alone': v1('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n'),
  'CR alone': v1('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rG'),
  'CR within': v1('PROXY UNKNOWN \r '),
  'another signature': Buffer.concat([signature.subarray(0, 11), v1('x')]),
  'version 1 in binary': binary(0x11, 0x11, inet).subarray(0, 13),
  'version 3': binary(0x31, 0x11, inet).subarray(0, 13),
  'another command': binary(0x22, 0x11, inet).subarray(0, 13),
  'another family in binary': binary(0x21, 0x41, inet).subarray(0, 14),
  'another protocol': binary(0x21, 0x13, inet).subarray(0, 14),
  'fewer bytes than the addresses of IPv4': binary(0x21, 0x11, inet.subarray(0, 11)).subarray(0, 16),
  'fewer bytes than the addresses of IPv6': binary(0x21, 0x21, inet6.subarray(0, 35)).subarray(0, 16),
}

/** What is longer than a header may be. */
export const tooLong: Readonly<Record<string, Buffer>> = {
  'v1 without an end': v1(`PROXY TCP4 ${'1'.repeat(96)}`),
  'v1 whose end comes one byte late': v1(`PROXY UNKNOWN ${'f'.repeat(92)}\r`),
  'v2 of 537 bytes': binary(0x21, 0x11, Buffer.concat([inet, filling(509)])).subarray(0, 16),
  'v2 of 65,551 bytes': binary(0x20, 0, new Uint8Array(65_535)).subarray(0, 16),
}
