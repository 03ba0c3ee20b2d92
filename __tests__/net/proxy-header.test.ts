import { describe, expect, it } from '@jest/globals'
import { beginsHeader, readProxyHeader } from '../../lib/net/proxy-header.ts'
import { expectReadOrRefused } from '../helpers/proxy-fuzz.ts'
import { headers, line, malformed, signature, tooLong } from '../helpers/proxy-headers.ts'

const behind = Buffer.from('GET / HTTP/1.1\r\n')

describe('a header of the PROXY protocol', () => {
  it.each(Object.entries(headers))('A-37: %s is read, whatever follows', (_, [bytes, client]) => {
    const header = { length: bytes.length, client }
    expect(readProxyHeader(bytes)).toEqual(header)
    for (const rest of [behind, bytes, Buffer.alloc(70_000)])
      expect(readProxyHeader(Buffer.concat([bytes, rest]))).toEqual(header)
  })

  it.each(Object.entries(headers))('A-37: %s is awaited at every split point', (_, [bytes]) => {
    for (let end = 0; end < bytes.length; end++) expect(readProxyHeader(bytes.subarray(0, end))).toBe('more')
  })

  it.each(Object.entries(malformed))('%s is refused by its last byte, and not before', (_, bytes) => {
    expect(readProxyHeader(bytes)).toBe('malformed')
    expect(readProxyHeader(Buffer.concat([bytes, behind]))).toBe('malformed')
    expect(readProxyHeader(bytes.subarray(0, -1))).toBe('more')
  })

  it.each(Object.entries(tooLong))('A-37: %s is refused, and no more of it is awaited', (_, bytes) => {
    expect(readProxyHeader(bytes)).toBe('tooLong')
    expect(readProxyHeader(Buffer.concat([bytes, behind]))).toBe('tooLong')
    expect(readProxyHeader(bytes.subarray(0, -1))).toBe('more')
  })

  it.each([0x00, 0x01, 0x02, 0x0f, 0x10, 0x1f, 0x22, 0x2f, 0x30, 0xf0, 0xff])(
    'no command is 0x%x but 0x20 and 0x21',
    (command) => {
      expect(readProxyHeader(Buffer.concat([signature, Buffer.from([command])]))).toBe('malformed')
    },
  )
})

describe('what begins as a header', () => {
  it.each([
    ['v1', line('203.0.113.7'), 6],
    ['v2', Buffer.concat([signature, Buffer.from('!')]), 12],
  ])('%s is told from its first %i bytes', (_, bytes, enough) => {
    for (let end = 1; end <= bytes.length; end++)
      expect([end, beginsHeader(bytes.subarray(0, end))]).toEqual([end, end < enough ? 'maybe' : 'yes'])
  })

  it.each([['', 'G', 'PROXY\n', 'PRI * HTTP/2.0', '\r\nGET', '\r\n\r\n\0\r\nQUIT\r']])(
    '%j does not',
    (text) => {
      expect(beginsHeader(Buffer.from(text, 'latin1'))).toBe('no')
    },
  )
})

it('A-37, F60: whatever the bytes are and however they come, a header is read, refused or awaited', () => {
  expectReadOrRefused({ numRuns: 20_000 })
}, 60_000)
