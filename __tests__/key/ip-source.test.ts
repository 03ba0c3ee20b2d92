import { describe, expect, it } from '@jest/globals'
import type { AddressKey } from '../../lib/core/key.ts'
import { tell } from '../../lib/core/peer.ts'
import { byIp } from '../../lib/index.ts'
import { addressOf, type AddressSource } from '../../lib/key/ip.ts'
import { compileTrust, expressTrust } from '../../lib/key/trust.ts'

const keysOf = (source: AddressSource, options = {}): readonly string[] =>
  (byIp(options)(source) as AddressKey).keys

describe('byIp, of a socket', () => {
  it('believes no proxy, whatever is trusted: it has no header', () => {
    expect(keysOf({ remoteAddress: '10.0.0.1' }, { trustProxy: true })).toEqual(['a:10.0.0.1'])
  })

  it('whose proxy speaks for itself is the address, and no key where that is a Unix socket', () => {
    const [tcp, unix] = [{ remoteAddress: '10.0.0.1' }, {}]
    for (const socket of [tcp, unix]) tell(socket, 'itself')
    expect([keysOf(tcp), byIp()(unix)]).toEqual([['a:10.0.0.1'], undefined])
  })

  it('has a key for each of four subnets, the narrowest first', () => {
    for (const ipv6Subnet of [
      [48, 128, 32, 64],
      [32, 48, 64, 128],
    ])
      expect(keysOf({ remoteAddress: '2001:db8::1' }, { ipv6Subnet })).toEqual([
        'a:2001:db8::1/128',
        'a:2001:db8::/64',
        'a:2001:db8::/48',
        'a:2001:db8::/32',
      ])
  })
})

it('the address of a request is that of its client, as far as proxies are trusted, or of its socket', () => {
  const headers = { 'x-forwarded-for': '192.0.2.1' }
  const request = { headers, socket: { remoteAddress: '10.0.0.1' } }
  const trust = compileTrust('10.0.0.1', 'p')
  expect(addressOf(request)?.toString()).toBe('10.0.0.1')
  expect(addressOf(request, trust)?.toString()).toBe('192.0.2.1')
  expect(addressOf({ socket: {} }, trust)).toBeUndefined()
})

describe('the setting trust proxy', () => {
  it.each<[unknown, string]>([
    ['1', 'a number of hops as a number, not as text'],
    ['10.0.0.1, 22', 'a number of hops as a number, not as text'],
    [[1], 'true, false, a number of hops'],
    [1.5, 'true, false, a number of hops'],
  ])('%j is refused', (value, accepted) => {
    expect(() => compileTrust(value, 'p')).toThrow(`expected ${accepted}`)
  })

  it('of an application is heeded where it is a function', () => {
    const trust = (): boolean => true
    const apps = [{}, { get: () => 'yes' }, { get: () => trust }]
    expect(apps.map((app) => expressTrust({ app }))).toEqual([undefined, undefined, trust])
  })
})
