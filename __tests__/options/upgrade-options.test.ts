import http from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { byHeader, limitUpgrade, Zone, type LimitUpgradeOptions } from '../../lib/index.ts'
import {
  bad,
  badSettings,
  expectError,
  expectInvalid,
  expectUnknown,
  oddities,
  optionsWith,
  type Bad,
} from '../helpers/bad-options.ts'

const handler = (): void => undefined
const make = (options: unknown): unknown => limitUpgrade(options as LimitUpgradeOptions, handler)

const circular: Record<string, unknown> = {}
circular['self'] = circular

const ofUpgrade: readonly Bad[] = [
  ...bad('options.count', '"auto", "connections" or "requests"', [...oddities, [true, 'true']]),
  ...bad('options.headers', 'false or "draft-8"', [...oddities, [true, 'true'], ['draft-7', '"draft-7"']]),
  ...bad('options.message', 'text, a JSON value, or a function (req, socket, decision) that returns one', [
    [Symbol('s'), 'Symbol(s)'],
    [5n, '5n'],
    [circular, '[object Object]'],
  ]),
  ...bad('options.reject', '"respond", "destroy", "reset" or a function (req, socket, head, decision)', [
    ...oddities,
    ['drop', '"drop"'],
    [true, 'true'],
  ]),
  ...bad('options.skip', 'a function, or a list of paths ("/healthz") and CIDRs ("10.0.0.0/8")', [
    ...oddities,
    ['/healthz', '"/healthz"'],
    [true, 'true'],
  ]),
]

describe('limitUpgrade refuses', () => {
  it.each([...badSettings, ...ofUpgrade])('%s: %p', (...row) => {
    expectInvalid(() => make(optionsWith(row[0], row[1])), row)
  })

  it.each(['healthz', '/a?b', '/a*', '10.0.0.0/33', '', 5, null])('the entry %p of skip', (entry) => {
    const accepted = 'an exact path ("/healthz"), an address or a CIDR; take a function for patterns'
    const run = (): unknown => make({ limit: 1, skip: ['/chat', entry] })
    expectInvalid(run, ['options.skip[1]', entry, JSON.stringify(entry), accepted])
  })

  it.each([5, 'x', true, []])('%p in place of options', (options) => {
    const accepted = 'an object, such as { limit: 10 }'
    expectInvalid(() => make(options), ['options', options, JSON.stringify(options), accepted])
  })

  it.each([undefined, null, {}])('no limit: %p', (options) => {
    expectError(() => make(options), {
      code: 'ERR_LIMIT_CONN_MISSING_LIMIT',
      option: 'options.limit',
      message: 'options.limit is missing; expected a whole number >= 1, or a function, such as { limit: 10 }',
    })
  })

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [{}, '{}'],
    ['x', '"x"'],
  ])('%p in place of a handler', (value, shown) => {
    const run = (): unknown => limitUpgrade({ limit: 1 }, value as never)
    const accepted = 'a function (req, socket, head) that makes the upgrade'
    expectInvalid(run, ['limitUpgrade handler', value, shown, accepted])
  })

  it.each([
    ['keepAliveMs', 'the options are limit, key, zone'],
    ['maxConnections', 'the options are limit, key, zone'],
    ['handler', 'did you mean reject?'],
    ['header', 'did you mean headers?'],
  ])('an option %s, which it does not have', (name, hint) => {
    expectUnknown(() => make({ limit: 1, [name]: 1 }), name, hint)
  })

  it('to be a listener itself', () => {
    const server = http.createServer().on('upgrade', limitUpgrade as never)
    const req = new http.IncomingMessage(undefined as never)
    expectError(() => server.emit('upgrade', req), {
      code: 'ERR_LIMIT_CONN_NOT_CALLED',
      message:
        "limitUpgrade was mounted without being called; write server.on('upgrade', limitUpgrade({ limit: 5 }, handler))",
    })
  })
})

describe('what is accepted', () => {
  it.each([
    { key: byHeader('x') },
    { key: '$host$remote_addr$scheme' },
    { count: 'requests' },
    { headers: 'draft-8' },
    { message: () => 'no' },
    { message: { error: 'no' } },
    { reject: 'destroy' },
    { reject: 'reset' },
    { reject: () => undefined },
    { skip: ['/healthz', '10.0.0.0/8'] },
    { skip: () => true },
    { statusCode: 429, retryAfter: 5 },
  ] as Partial<LimitUpgradeOptions>[])('%p', (options) => {
    expect(limitUpgrade({ limit: 1, logLevel: false, ...options }, handler).config).toMatchObject(options)
  })

  it('config has what is in force, defaults filled in, frozen', () => {
    const zone = new Zone({ name: 'z' })
    const { config } = limitUpgrade({ limit: 5, key: '$remote_addr', zone }, handler)
    expect(config).toEqual({
      limit: 5,
      key: '$remote_addr',
      zone,
      dryRun: false,
      onLimit: 'reject',
      maxLifetimeMs: false,
      maxIdleMs: false,
      timeoutMs: 1_000,
      maxKeysPerConnection: 16,
      logLevel: 'error',
      logger: console,
      statusCode: 503,
      message: 'Too many connections, please try again later.\n',
      retryAfter: false,
      warnings: true,
      skip: [],
      count: 'auto',
      headers: false,
      reject: 'respond',
      sweep: { everyMs: 5_000, graceMs: 30_000 },
    })
    expect(Object.isFrozen(config)).toBe(true)
  })
})
