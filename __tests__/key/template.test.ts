import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { byIp, byTemplate } from '../../lib/index.ts'
import { AddressKey, GONE, keysOf } from '../../lib/core/key.ts'
import { tell } from '../../lib/core/peer.ts'
import { traitsOf } from '../../lib/key/traits.ts'
import { middlewareConfig } from '../../lib/options/middleware.ts'

const socket = { remoteAddress: '192.0.2.1', remotePort: 4711, localAddress: '192.0.2.9', localPort: 443 }
const request = { socket, method: 'GET', url: '/', rawHeaders: ['A', 'x', 'B', 'y'] }

describe('a template', () => {
  it.each([
    ['$http_a', 'x'],
    ['${http_a}', 'x'],
    ['${HTTP_A}', 'x'],
    ['$http_a$http_b', 'x\0y\0'],
    ['${http_a}${http_b}', 'x\0y\0'],
    ['$http_a-$http_b', 'x\0-y\0'],
    ['$http_a:-b$http_b', 'x\0:-by\0'],
    ['$cookie_http_a-b$http_b', '\0-by\0'],
    ['<${http_a}b>', '<x\0b>'],
    ['$http_a{}', 'x\0{}'],
    ['$http_a$http_none', 'x\0\0'],
    ['$http_none', ''],
    ['$http_none$cookie_none', ''],
    ['<$http_none>', ''],
    ['$remote_addr:$server_port', '192.0.2.1\0:443\0'],
    ['$binary_remote_addr$http_none', '192.0.2.1\0\0'],
  ])('%s makes the key %j', (template, key) => {
    expect(byTemplate(template)(request)).toBe(key)
  })

  it.each(['$remote_addr', '$binary_remote_addr', '${remote_addr}'])(
    '%s makes the key of byIp()',
    (template) => {
      const key = byTemplate(template)
      expect(key(request)).toBeInstanceOf(AddressKey)
      expect(key(request)).toEqual(byIp()(request))
      expect(key(socket)).toEqual(byIp()(socket))
    },
  )

  it('counts IPv6 clients by their subnet, alone and joined', () => {
    const from = (remoteAddress: string): object => ({ ...socket, remoteAddress })
    const [one, other, far] = ['2001:db8::1', '2001:db8:0:ff::2', '2001:db8:0:100::1'].map(from)
    for (const template of ['$remote_addr', '$remote_addr$server_port']) {
      const [key, narrow] = [byTemplate(template), byTemplate(template, { ipv6Subnet: 64 })]
      expect(key(one!)).toEqual(key(other!))
      expect(key(one!)).not.toEqual(key(far!))
      expect(narrow(one!)).not.toEqual(narrow(other!))
    }
    expect(byTemplate('$remote_addr$server_port')(one!)).toBe('2001:db8::/56\x00443\0')
  })

  it.each(['$remote_addr', '$remote_addr$server_port', '$server_port', '$http_a$http_b'])(
    '%s: a peer that is gone makes the whole key GONE',
    (template) => {
      const gone = { ...socket, remoteAddress: undefined }
      expect(byTemplate(template)(gone)).toBe(GONE)
      expect(byTemplate(template)({ ...request, socket: gone })).toBe(GONE)
    },
  )

  it.each(['$remote_addr', '$server_port', '$http_a$http_b', '$proxy_protocol_addr'])(
    '%s: a socket that was destroyed makes the whole key GONE, a Unix socket too',
    (template) => {
      expect(byTemplate(template)({ ...request, socket: { destroyed: true } })).toBe(GONE)
    },
  )

  it('has the address of the header only where the proxy speaks for a client', () => {
    const client = { remoteAddress: '198.51.100.7', remotePort: 1, remoteFamily: 'IPv4' } as const
    const keysFor = (said?: Parameters<typeof tell>[1]): unknown[] => {
      const told = { ...socket }
      if (said) tell(told, said)
      return ['$proxy_protocol_addr', '$proxy_protocol_addr$remote_addr'].map((template) =>
        byTemplate(template)({ ...request, socket: told }),
      )
    }
    expect(keysFor()).toEqual(['', '\x00192.0.2.1\0'])
    expect(keysFor('itself')).toEqual(['', '\x00192.0.2.1\0'])
    expect(keysFor(client)).toEqual([byIp()(client), '198.51.100.7\x00198.51.100.7\0'])
  })

  it('is empty where a source has no headers', () => {
    const every = ['$http_a', '$host', '$cookie_a', '$http_a$cookie_a']
    expect(every.map((template) => byTemplate(template)({ socket }))).toEqual(every.map(() => ''))
  })

  it('needs an address only where it names one', () => {
    const unix = { ...request, socket: {} }
    for (const template of ['$remote_addr', '$remote_addr$http_a']) {
      const error = expect.objectContaining({ code: 'ERR_LIMIT_CONN_NO_ADDRESS' })
      expect(() => byTemplate(template)(unix)).toThrow(error)
    }
    expect(byTemplate('$http_a$server_port')(unix)).toBe('x\0\0')
  })

  it('believes the proxies it was told', () => {
    const forwarded = { socket, headers: { 'x-forwarded-for': '5.5.5.5' } }
    expect(byTemplate('$remote_addr$remote_port', { trustProxy: 1 })(forwarded)).toBe('5.5.5.5\x004711\0')
    expect(byTemplate('$remote_addr$remote_port')(forwarded)).toBe('192.0.2.1\x004711\0')
  })
})

describe('two different lists of values never give one key', () => {
  // Short, so that two lists often differ by nothing but an escape.
  const value = fc
    .array(fc.constantFrom('\0', '\\0', '\\', '0', 'a', '$'), { maxLength: 2 })
    .map((parts) => parts.join(''))
  const literal = fc.string({ unit: fc.constantFrom('\0', '\\', '0', 'a', '-', '{'), maxLength: 3 })

  /** The key of a template with these values; the literals stand before, between and behind the variables. */
  function keyOf(literals: readonly string[], values: readonly string[]): unknown {
    const variables = values.map((_, i) => `\${http_v${i}}${literals[i + 1] ?? ''}`)
    const rawHeaders = values.flatMap((text, i) => [`v${i}`, text])
    return byTemplate(`${literals[0] ?? ''}${variables.join('')}`)({ rawHeaders })
  }

  function check(literals: readonly string[], one: readonly string[], other: readonly string[]): void {
    const [first, second] = [keyOf(literals, one), keyOf(literals, other)]
    const isSame = one.every((text, i) => text === other[i])
    expect([first === second, String(keysOf(first)) === String(keysOf(second))]).toEqual([isSame, isSame])
    expect(first === '').toBe(one.every((text) => text === ''))
  }

  it('F39: with any values, and any text between them', () => {
    const lists = fc.integer({ min: 1, max: 4 }).chain((length) => {
      const list = fc.array(value, { minLength: length, maxLength: length })
      return fc.tuple(fc.array(literal, { maxLength: length + 1 }), list, list)
    })
    fc.assert(
      fc.property(lists, ([literals, one, other]) => check(literals, one, other)),
      { numRuns: 5_000 },
    )
  })

  it('with the same characters, cut in other places', () => {
    const cuts = fc
      .array(fc.nat(12), { minLength: 2, maxLength: 2 })
      .map((list) => list.toSorted((a, b) => a - b))
    const text = fc.string({ unit: fc.constantFrom('\0', '\\', '0', 'a'), maxLength: 12 })
    const cut = (whole: string, [a, b]: readonly number[]): string[] => [
      whole.slice(0, a),
      whole.slice(a, b),
      whole.slice(b),
    ]
    fc.assert(
      fc.property(text, cuts, cuts, (whole, here, there) => check([], cut(whole, here), cut(whole, there))),
      { numRuns: 5_000 },
    )
  })

  it('where plain joining would: 10.0.0.1 and 1, 10.0.0.11 and nothing', () => {
    expect(keyOf([], ['10.0.0.1', '1'])).not.toBe(keyOf([], ['10.0.0.11', '']))
    expect(keyOf([], ['a\0', 'b'])).not.toBe(keyOf([], ['a', '\0b']))
    expect(keyOf([], ['\0', 'a'])).not.toBe(keyOf([], ['\\0', 'a']))
    expect(keyOf([], ['a\\', '\0'])).not.toBe(keyOf([], ['a', '\\\0']))
  })
})

describe('the traits of a template', () => {
  const trust = (): boolean => false
  const none = { needsRequest: false, isUnchecked: false, usesAddress: false }
  const unchecked = { needsRequest: true, isUnchecked: true, usesAddress: false }

  it.each([
    ['$remote_addr', { ...none, usesAddress: true, trust }],
    ['$remote_addr$scheme', { ...none, usesAddress: true, trust, tlsVariable: '$scheme' }],
    ['$server_port$scheme', { ...none, tlsVariable: '$scheme' }],
    ['$server_port$server_addr', none],
    ['$server_port$ssl_server_name', { ...none, tlsVariable: '$ssl_server_name' }],
    ['$http_a', { ...unchecked, requestVariable: '$http_a' }],
    ['${uri}$host', { ...unchecked, requestVariable: '$uri' }],
    ['$server_port$arg_a', { ...unchecked, requestVariable: '$arg_a' }],
    ['$remote_addr$uri', { ...none, needsRequest: true, requestVariable: '$uri', usesAddress: true, trust }],
    ['$cookie_a$remote_addr', { ...unchecked, requestVariable: '$cookie_a', usesAddress: true, trust }],
  ])('%s', (template, traits) => {
    expect(traitsOf(byTemplate(template, { trustProxy: trust }))).toEqual(traits)
  })

  it('are those of the compiled key, where the key is a plain string', () => {
    const { limits, config } = middlewareConfig({ limits: [{ limit: 1, key: '$http_a' }, { limit: 1 }] })
    expect(limits.map(({ key }) => traitsOf(key).isUnchecked)).toEqual([true, false])
    expect(config.limits!.map(({ key }) => typeof key)).toEqual(['string', 'function'])
  })
})
