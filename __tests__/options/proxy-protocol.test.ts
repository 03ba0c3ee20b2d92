import http from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { limitServer, type LimitServerOptions, type ProxyProtocolOptions } from '../../lib/index.ts'
import { compileProxyProtocol } from '../../lib/options/proxy-protocol.ts'
import { bad, expectInvalid, expectUnknown, notWhole, type Bad } from '../helpers/bad-options.ts'

const server = http.createServer()
const make = (proxyProtocol: unknown) =>
  limitServer(server, { limit: 1, proxyProtocol } as LimitServerOptions)

const aTrust =
  'the addresses of your proxies as a list of addresses, CIDRs, "loopback", "linklocal", "uniquelocal" and "unix:"'
const anObject = "an object, such as { trust: ['10.0.0.0/8'] }, or false"

const values: readonly Bad[] = [
  ...bad('options.proxyProtocol', anObject, [
    [true, 'true'],
    [null, 'null'],
    [1, '1'],
    ['loopback', '"loopback"'],
    [['loopback'], '["loopback"]'],
  ]),
  ...bad('options.proxyProtocol.trust', aTrust, [
    [true, 'true'],
    [false, 'false'],
    [null, 'null'],
    [1, '1'],
    ['', '""'],
    ['1', '"1"'],
    [',', '","'],
    [[], '[]'],
    [[''], '[""]'],
    [[1], '[1]'],
    [[null], '[null]'],
    [['loopback', '10.0.0.0/33'], '["loopback","10.0.0.0/33"]'],
    [['localhost'], '["localhost"]'],
    ['10.0.0.1:80', '"10.0.0.1:80"'],
    [{ 0: 'loopback', length: 1 }, '{"0":"loopback","length":1}'],
    [() => true, 'function (anonymous)'],
  ]),
  ...bad('options.proxyProtocol.timeoutMs', 'a whole number of milliseconds from 1 to 600000', [
    ...notWhole,
    [600_001, '600001'],
  ]),
]

describe('proxyProtocol', () => {
  it.each(values)('%s: %p is refused', (...row) => {
    const [path, value] = row
    const [, , name] = path.split('.')
    expectInvalid(() => make(name === undefined ? value : { trust: 'loopback', [name]: value }), row)
  })

  it('without trust, or with another name, is refused', () => {
    for (const options of [{}, { timeoutMs: 5 }, { trust: undefined }])
      expectInvalid(() => make(options), ['options.proxyProtocol.trust', undefined, 'undefined', aTrust])
    expectUnknown(() => make({ trus: ['::1'] }), 'proxyProtocol.trus', 'did you mean trust?')
    expectUnknown(
      () => limitServer(server, { limit: 1, proxyprotocol: {} } as never),
      'proxyprotocol',
      'did you mean proxyProtocol?',
    )
  })

  it.each([['loopback, 10.0.0.0/8'], [['loopback', '10.0.0.0/8']], ['unix:'], [['unix:', '::1']]])(
    'trusts %p, and has its default beside it',
    (trust) => {
      const guard = make({ trust })
      expect(guard.config.proxyProtocol).toEqual({ trust, timeoutMs: 5_000 })
      expect(Object.isFrozen(guard.config.proxyProtocol)).toBe(true)
      guard.stop()
    },
  )

  it('is no copy of a list that the user still changes', () => {
    const trust = ['loopback']
    const guard = make({ trust })
    trust.push('0.0.0.0/0')
    expect(guard.config.proxyProtocol).toMatchObject({ trust: ['loopback'] })
    guard.stop()
  })

  it('is off by default, and merged by setConfig and extend', () => {
    const guard = limitServer(server, { limit: 1 })
    expect(guard.config.proxyProtocol).toBe(false)
    expectInvalid(
      () => guard.setConfig({ proxyProtocol: { timeoutMs: 5 } as ProxyProtocolOptions }),
      ['options.proxyProtocol.trust', undefined, 'undefined', aTrust],
    )
    guard.setConfig({ proxyProtocol: { trust: 'loopback' } })
    guard.setConfig({ proxyProtocol: { timeoutMs: 5 } as ProxyProtocolOptions })
    expect(guard.config.proxyProtocol).toEqual({ trust: 'loopback', timeoutMs: 5 })

    const other = guard.extend(http.createServer(), { limit: 2 })
    expect(other.config.proxyProtocol).toEqual({ trust: 'loopback', timeoutMs: 5 })
    guard.setConfig({ proxyProtocol: false })
    expect(guard.config.proxyProtocol).toBe(false)
    guard.stop()
  })
})

describe('who is trusted', () => {
  const ofTcp = (remoteAddress: string | undefined) => ({ remoteAddress, localAddress: '10.0.0.9' })
  const trusted = (trust: string | string[], peer: object): boolean =>
    compileProxyProtocol({ trust }).trusts(peer)

  it.each([
    ['loopback', '127.0.0.1', true],
    ['loopback', '127.9.9.9', true],
    ['loopback', '::1', true],
    ['loopback', '::ffff:127.0.0.1', true],
    ['loopback', '128.0.0.1', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['2001:db8::/32', '2001:db8::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['uniquelocal, 192.0.2.1', '192.0.2.1', true],
    ['unix:', '127.0.0.1', false],
    ['unix:, loopback', '127.0.0.1', true],
  ])('%j and %s: %p', (trust, address, expected) => {
    expect(trusted(trust, ofTcp(address))).toBe(expected)
    expect(trusted(trust.split(/, ?/), ofTcp(address))).toBe(expected)
  })

  it('a peer without address is, on a Unix socket, if that is said', () => {
    expect(trusted(['loopback', 'unix:'], {})).toBe(true)
    expect(trusted(['loopback'], {})).toBe(false)
    expect(trusted(['unix:', '0.0.0.0/1'], ofTcp(undefined))).toBe(false)
  })
})
