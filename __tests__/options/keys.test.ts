import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { byHeader, byTemplate, limitConn, LimitConnError, Limiter, Zone } from '../../lib/index.ts'
import { errorOf, thrownBy } from '../helpers/thrown.ts'

const socket = { remoteAddress: '192.0.2.1', remotePort: 4711, localAddress: '192.0.2.9', localPort: 443 }
const request = { socket, method: 'GET', url: '/', rawHeaders: ['A', 'x', 'B', 'y'] }

it('a Limiter refuses a key that needs a request', () => {
  for (const key of [byHeader('x'), byHeader('x', { missing: 'address' }), byTemplate('$host')]) {
    const make = (): unknown => new Limiter({ limit: 1, key: key as never })
    expect(make).toThrow(
      expect.objectContaining({ code: 'ERR_LIMIT_CONN_INVALID_OPTION', option: 'options.key' }),
    )
    expect(make).toThrow('expected a key of the connection, such as byIp(): ')
  }
})

describe('what is no template', () => {
  const invalid = 'ERR_LIMIT_CONN_INVALID_OPTION'
  const unknown = 'ERR_LIMIT_CONN_UNKNOWN_VARIABLE'
  const aName =
    'a name of letters, digits and _ after each $, and a } for each ${, as in $remote_addr or ${remote_addr}'
  const noVariable =
    "a template with a variable in it, such as '$remote_addr'; for one count of all clients give a function, such as () => 'all'"

  it.each([
    ['', invalid, `expected ${noVariable}`],
    ['ip', invalid, `expected ${noVariable}`],
    ['remote_addr', invalid, "expected '$remote_addr', with its $"],
    ['http_x_api_key', invalid, "expected '$http_x_api_key', with its $"],
    ['$http_x-api-key', invalid, 'expected $http_x_api_key for that header, or ${http_x}-text for a text'],
    ['$remote_addr$http_a-b$host', invalid, 'expected $http_a_b for that header'],
    ['$', invalid, `expected ${aName}`],
    ['$remote_addr$', invalid, `expected ${aName}`],
    ['$$remote_addr', invalid, `expected ${aName}`],
    ['${}', invalid, `expected ${aName}`],
    ['${remote_addr', invalid, `expected ${aName}`],
    ['${ remote_addr }', invalid, `expected ${aName}`],
    ['$-', invalid, `expected ${aName}`],
    ['$é', invalid, `expected ${aName}`],
    ['$remote_adr', unknown, '$remote_adr is not a variable; did you mean $remote_addr?'],
    ['$remote_addr$Server_prt', unknown, '$Server_prt is not a variable; did you mean $server_port?'],
    ['$ssl_servername', unknown, 'did you mean $ssl_server_name?'],
    ['$http', unknown, 'did you mean $http_<name>?'],
    ['$http_', unknown, 'did you mean $http_<name>?'],
    ['$htp_x_key', unknown, 'did you mean $http_x_key?'],
    ['$cookies_sid', unknown, 'did you mean $cookie_sid?'],
    ['$args', unknown, 'did you mean $arg_<name>?'],
    ['$https', unknown, 'did you mean $scheme?'],
    ['$document_uri', unknown, 'did you mean $uri?'],
    [
      '$1',
      unknown,
      '$1 is not a variable; the variables are $remote_addr, $binary_remote_addr, $remote_port,',
    ],
    ['$__proto__', unknown, '$arg_<name>, $cookie_<name>, $http_<name>'],
    ['$constructor', unknown, '$arg_<name>, $cookie_<name>, $http_<name>'],
    [
      '$server_name',
      unknown,
      "a Node server has no name: take $host or $server_port, or () => 'all' for one count",
    ],
  ])('%j is refused everywhere, with the place and the reason', (template, code, reason) => {
    const limits = [{ limit: 1 }, { limit: 1, key: template }]
    const misuses: [string, () => unknown][] = [
      ['options.key', () => limitConn({ limit: 1, key: template })],
      ['options.limits[1].key', () => limitConn({ limits })],
      ['options.key', () => new Limiter({ limit: 1, key: template })],
      ['options.limits[1].key', () => new Limiter({ limits })],
      ['byTemplate template', () => byTemplate(template)],
    ]
    for (const [option, misuse] of misuses) {
      const error = errorOf(misuse)
      expect(error).toMatchObject({ code, option })
      expect(error.message.startsWith(`${option} is ${JSON.stringify(template)}; `)).toBe(true)
      expect(error.message).toContain(reason)
    }
  })

  it.each([5, null, undefined, {}, ['$host']])('%j is no text', (value) => {
    const error = errorOf(() => byTemplate(value as string))
    expect(error).toMatchObject({ code: invalid, option: 'byTemplate template' })
    expect(error.message).toContain("expected a template with a variable in it, such as '$remote_addr'")
  })

  it.each([
    [{ ipv6Subnet: 0 }, invalid, 'byTemplate.ipv6Subnet is 0; expected a whole number from 1 to 128'],
    [{ ipv6Subnet: [56] }, invalid, 'byTemplate.ipv6Subnet is [56]; expected a whole number from 1 to 128'],
    [{ trustProxy: '1' }, invalid, 'byTemplate.trustProxy is "1"; expected a number of hops as a number'],
    [{ ipv6subnet: 64 }, 'ERR_LIMIT_CONN_UNKNOWN_OPTION', 'did you mean ipv6Subnet?'],
    [null, invalid, 'byTemplate is null; expected an object'],
  ])('options %j are refused', (options, code, message) => {
    const error = errorOf(() => byTemplate('$remote_addr', options as object))
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
  })

  it('never throws anything else, whatever the text', () => {
    const part = fc.constantFrom('$', '{', '}', '${', 'remote_addr', 'http_', 'arg_a', '__proto__', '_', '\0')
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part).map((parts) => parts.join('')),
    )
    let accepted = 0
    fc.assert(
      fc.property(text, (template) => {
        const error = thrownBy(() => byTemplate(template)(request))
        if (error === undefined) accepted++
        expect(error === undefined || error instanceof LimitConnError).toBe(true)
      }),
      { numRuns: 5_000 },
    )
    expect(accepted).toBeGreaterThan(10)
  })
})

describe('a Limiter', () => {
  it.each([
    ['$host', '"$host"', '$host'],
    ['$remote_addr${http_a}$uri', '"$remote_addr${http_a}$uri"', '$http_a'],
    [byTemplate('$arg_a'), 'function keyOfVariable', '$arg_a'],
    [byTemplate('$cookie_a$remote_addr'), 'function keyOfTemplate', '$cookie_a'],
  ])('refuses %p, for it sees no request', (key, shown, variable) => {
    const accepted = `expected a key of the connection, such as byIp(): ${variable} comes with a request, and is a key for limitConn`
    for (const [misuse, option] of [
      [() => new Limiter({ limit: 1, key }), 'options.key'],
      [() => new Limiter({ limits: [{ limit: 1, key }] }), 'options.limits[0].key'],
      [() => new Limiter({ limit: 1 }).setConfig({ key }), 'options.key'],
    ] as const) {
      const error = errorOf(misuse)
      expect(error).toMatchObject({ code: 'ERR_LIMIT_CONN_INVALID_OPTION', option })
      expect(error.message).toBe(`${option} is ${shown}; ${accepted}`)
    }
  })

  it('takes variables of the connection', () => {
    const limiter = new Limiter({ limit: 1, key: '$remote_addr$server_port' })
    const source = (localPort: number): never =>
      ({ ...socket, localPort, prependListener: () => undefined }) as never
    const statuses = [443, 443, 80].map((port) => limiter.accept(source(port)).status)
    expect(statuses).toEqual(['PASSED', 'REJECTED', 'PASSED'])
    expect(limiter.numOpen({ text: '192.0.2.1\x00443\0' })).toBe(1)
  })
})

describe('a plain string as key', () => {
  it('stays as it was given, and keeps its zone when a list is reordered', () => {
    const [a, b] = [
      { limit: 1, key: '$http_a' },
      { limit: 2, key: '$http_b' },
    ]
    const policy = limitConn({ limits: [a, b], warnings: false })
    const [first, second] = policy.zones
    expect(policy.config.limits!.map(({ key }) => key)).toEqual(['$http_a', '$http_b'])

    policy.setConfig({ limits: [{ ...b }, { limit: 3, key: byHeader('c') }, { ...a }] })
    expect([policy.zones[0] === second, policy.zones[2] === first]).toEqual([true, true])
    expect(policy.extend({ logLevel: false }).config.limits!.map(({ key }) => key)[2]).toBe('$http_a')
  })

  it('changes nothing where setConfig refuses it', () => {
    const zone = new Zone({ name: 'z' })
    const policy = limitConn({ limit: 1, key: '$uri', zone, warnings: false })
    expect(() => policy.setConfig({ key: '$ury', limit: 2 })).toThrow('did you mean $uri?')
    expect(policy.config).toMatchObject({ key: '$uri', limit: 1, zone })
  })
})
