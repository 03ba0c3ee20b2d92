import { describe, expect, it } from '@jest/globals'
import { keyShownAs, showClient, showKey } from '../../lib/core/shown.ts'

const usual = { reveal: false, privacy: false } as const

describe('a key is shown', () => {
  it('as it is, where it is an address', () => {
    expect(showKey('a:192.0.2.1', usual)).toBe('192.0.2.1')
    expect(showKey('a:2001:db8::/56', usual)).toBe('2001:db8::/56')
  })

  it('as a hash of its own, where a client or a function chose it', () => {
    const [one, other] = [showKey('t:secret', usual), showKey('t:other', usual)]
    expect([one, other].every((shown) => /^key#[\w-]{12}$/.test(shown))).toBe(true)
    expect(one).not.toBe(other)
    expect(showKey('t:secret', usual)).toBe(one)
    // A text that reads like an address is one that somebody sent.
    expect(showKey('t:192.0.2.1', usual)).toMatch(/^key#/)
  })

  it('as it is, where the zone reveals it', () => {
    expect(showKey('t:<b>\u202E', { ...usual, reveal: true })).toBe('<b>\u202E')
  })

  it('as a hash, where addresses are private; one that no list of addresses finds out', () => {
    const shown = showKey('a:192.0.2.1', { ...usual, privacy: 'hash-ip' })
    expect(shown).toMatch(/^ip#[\w-]{12}$/)
    expect(showKey('a:192.0.2.1', { reveal: true, privacy: 'hash-ip' })).toBe(shown)
  })
})

it('a client is shown as a key that is its address', () => {
  expect(showClient('192.0.2.1', false)).toBe('192.0.2.1')
  expect(showClient('192.0.2.1', 'hash-ip')).toBe(showKey('a:192.0.2.1', { ...usual, privacy: 'hash-ip' }))
})

it('a hash that was shown lately is known again, and no other text', () => {
  const shown = ['t:one', 't:two', 't:three'].map((key) => showKey(key, usual))
  expect(shown.map(keyShownAs)).toEqual(['t:one', 't:two', 't:three'])
  expect(keyShownAs('key#AAAAAAAAAAAA')).toBeUndefined()
})
