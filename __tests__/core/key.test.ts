import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { parseAddress } from '../../lib/core/address.ts'
import { AddressKey, flat, ipv6SubnetOf, keysOf, keysToRead, textKey } from '../../lib/core/key.ts'
import { Limiter, Zone, byIp } from '../../lib/index.ts'

const addressKey = (text: string, subnets: readonly number[] = [56]): AddressKey =>
  new AddressKey(parseAddress(text)!, subnets)

/** A text from a header of a client. */
const aText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'binary-ascii', minLength: 200, maxLength: 300, size: 'max' }),
  fc.constantFrom('a:10.0.0.1', 'h:', 't:', '10.0.0.1', '\ud800', '\udfff', 'é', 'e\u0301'),
)

describe('A-33: kinds of keys never meet', () => {
  it.each([
    '10.0.0.1',
    'a:10.0.0.1',
    '::ffff:10.0.0.1',
    '2001:db8::/56',
    'a:2001:db8::/56',
    't:10.0.0.1',
    'h:x',
  ])('the text %s is not an address, nor a hash', (text) => {
    expect(keysOf(text)).toEqual([`t:${text}`])
  })

  it('an address is not the text that it is written as', () => {
    expect(keysOf(addressKey('10.0.0.1'))).toEqual(['a:10.0.0.1'])
    expect(keysOf(addressKey('2001:db8::1', [64, 48]))).toEqual(['a:2001:db8::/64', 'a:2001:db8::/48'])
  })

  it('a long text is not the text of its own hash', () => {
    const [hash] = keysOf('x'.repeat(256))!
    expect(hash).toMatch(/^h:[\w-]{43}$/)
    expect(keysOf(hash!)).toEqual([`t:${hash}`])
    expect(keysOf(hash!.slice(2))).toEqual([`t:${hash!.slice(2)}`])
  })

  it('two different texts never have one key, and one text always has the same', () => {
    fc.assert(
      fc.property(aText, aText, (one, other) => {
        const [first, second] = [keysOf(one)!, keysOf(other)!]
        expect(String(first) === String(second)).toBe(one === other)
        expect(keysOf(Buffer.from(one, 'utf16le').toString('utf16le'))).toEqual(first)
        expect(first.every((key) => /^[th]:/.test(key))).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })

  it('nobody fills the address of another by sending it as a header', () => {
    const zone = new Zone({ name: 'z' })
    const source = (remoteAddress: string): { remoteAddress: string } & { prependListener(): void } => ({
      remoteAddress,
      prependListener: () => undefined,
    })
    const byHeader = new Limiter({ zone, limit: 1, key: () => '192.0.2.1' })
    const byAddress = new Limiter({ zone, limit: 1, key: byIp() })

    expect(byHeader.accept(source('203.0.113.9')).passed).toBe(true)
    expect(byAddress.accept(source('192.0.2.1')).passed).toBe(true)
    expect([zone.count('192.0.2.1'), zone.count({ text: '192.0.2.1' })]).toEqual([1, 1])
  })

  it('one key counts apart in the zones of two limiters, and together in a zone they share', () => {
    const zone = new Zone({ name: 'z' })
    const source = { prependListener: () => undefined, remoteAddress: '192.0.2.1' }
    const limiters = [{}, {}, { zone }, { zone }].map(
      (more) => new Limiter({ limit: 2, key: () => 'a', ...more }),
    )
    for (const limiter of limiters) limiter.accept({ ...source })
    expect(limiters.map((limiter) => limiter.numOpen('a'))).toEqual([1, 1, 2, 2])
  })
})

describe('A-34: hostile keys', () => {
  it.each(
    [
      ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'valueOf'],
      [
        '\0',
        'a\0b',
        '\u0001\u001b[31m',
        '\r\nX: y',
        '\u007f',
        '\u00ff\u00fe',
        '\u202e',
        '\ufeff',
        ' ',
        'A',
        'a',
      ],
      ['\u00e9', 'e\u0301', '\ud83d\ude00', '\ud83d', '\ude00', '%00', '{tag}', '42', '-0'],
    ].flat(),
  )('%j is a key of its own, byte for byte', (text) => {
    expect(keysOf(text)).toEqual([`t:${text}`])
  })

  it.each<[unknown, readonly string[]]>([
    [42, ['t:42']],
    [-1.5, ['t:-1.5']],
    [0, ['t:0']],
    [-0, ['t:0']],
    [1e21, ['t:1e+21']],
    [42n, ['t:42']],
    [-(2n ** 70n), ['t:-1180591620717411303424']],
  ])('%p becomes a text', (value, keys) => {
    expect(keysOf(value)).toEqual(keys)
  })

  it.each(
    [
      [NaN, Infinity, -Infinity, true, false, {}, [], ['a'], Symbol('a'), new Date(0), Object('a'), /a/],
      [(): string => 'a', Buffer.from('a'), new Map(), Object.create(null), { keys: ['a:10.0.0.1'] }],
    ].flat(),
  )('%p is not a key', (value: unknown) => {
    expect(keysOf(value)).toBeUndefined()
  })

  it.each(['', undefined, null])('%p is the empty key', (value) => {
    expect(keysOf(value)).toEqual([])
  })
})

describe('A-35: long keys', () => {
  it.each([
    ['255 bytes', 'x'.repeat(255), 't'],
    ['256 bytes', 'x'.repeat(256), 'h'],
    ['257 bytes', 'x'.repeat(257), 'h'],
    ['16 KB', 'x'.repeat(16_384), 'h'],
    ['255 bytes in 128 characters', `${'é'.repeat(127)}x`, 't'],
    ['256 bytes in 128 characters', 'é'.repeat(128), 'h'],
    ['255 bytes in 85 characters', '€'.repeat(85), 't'],
    ['256 bytes in 128 halves', '😀'.repeat(64), 'h'],
    ['258 bytes in 86 characters', '€'.repeat(86), 'h'],
  ])('a key of %s is limited', (_, text, kind) => {
    const key = textKey(text)
    expect(key[0]).toBe(kind)
    expect(key.length).toBe(kind === 'h' ? 45 : text.length + 2)

    const limiter = new Limiter({ limit: 1, key: () => text })
    const statuses = [1, 2].map(() => limiter.accept({ prependListener: () => undefined }).status)
    expect(statuses).toEqual(['PASSED', 'REJECTED'])
    expect(limiter.numOpen(text)).toBe(1)
  })

  it('differ by one byte at the end', () => {
    const keys = ['', 'y', 'z'].map((end) => textKey('x'.repeat(16_384) + end))
    expect(new Set(keys).size).toBe(3)
  })

  it('differ though only a lone surrogate tells them apart', () => {
    const keys = ['\ud800', '\ud801', '\ufffd'].map((char) => textKey(char.repeat(256)))
    expect(new Set(keys).size).toBe(3)
  })
})

describe('flat', () => {
  it.each(['', 'a', 't:é', 't:ÿ', 't:€', 't:😀', 't:\ud800', 't:\0', 't:\u0100'])(
    'copies %j as it is',
    (text) => {
      expect(flat(text)).toBe(text)
    },
  )

  it('copies every text as it is', () => {
    fc.assert(
      fc.property(aText, (text) => expect(flat(text)).toBe(text)),
      { numRuns: 2_000 },
    )
  })
})

describe('keys to read', () => {
  it('an IPv6 address stands for its subnets, or for the one that is written', () => {
    expect(keysToRead('2001:db8::1', [64, 56])).toEqual(['a:2001:db8::/64', 'a:2001:db8::/56'])
    expect(keysToRead('2001:db8::1/48', [64, 56])).toEqual(['a:2001:db8::/48'])
    expect(keysToRead('2001:db8::1', [])).toEqual([])
    expect(keysToRead('::ffff:10.0.0.1', [])).toEqual(['a:10.0.0.1'])
  })

  it.each([5, 5n])('the number %p stands for its digits', (number) => {
    expect(keysToRead(number, [56])).toEqual(['t:5'])
  })

  it.each(['plain', '10.0.0.1:80', '[::1]', '/healthz', 'a/b', '', '__proto__'])(
    '%j stands for a text',
    (text) => {
      expect(keysToRead(text, [56])).toEqual([`t:${text}`])
      expect(keysToRead({ text }, [56])).toEqual([`t:${text}`])
    },
  )

  it.each([
    ['a:2001:db8::/56', 56],
    ['a:::/1', 1],
    ['a:10.0.0.1', undefined],
    ['t:2001:db8::/56', undefined],
    ['h:ab/cd', undefined],
  ])('%s has the subnet length %p', (key, bits) => {
    expect(ipv6SubnetOf(key)).toBe(bits)
  })
})
