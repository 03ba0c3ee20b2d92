import { describe, expect, it } from '@jest/globals'
import { byIp, limitConn, LimitConnError, Limiter, Zone } from '../../lib/index.ts'
import type { LimitConnOptions, LimiterOptions } from '../../lib/index.ts'
import { notWhole } from '../helpers/bad-options.ts'

const make = (options: unknown): unknown => limitConn(options as LimitConnOptions)
const makeLimiter = (options: unknown): unknown => new Limiter(options as LimiterOptions)

/** What is accepted, and values that are not, with the JSON that the message shows. */
type Row = [option: string, accepted: string, bad: readonly (readonly [unknown, string])[]]

const circular: Record<string, unknown> = {}
circular['self'] = circular
const aNumber = 'a whole number >= 1, or a function'
const milliseconds = 'a whole number of milliseconds from 1 to'
const shared: readonly Row[] = [
  ['limit', aNumber, [...notWhole, [2 ** 53, '9007199254740992'], [Symbol('s'), 'Symbol(s)']]],
  [
    'key',
    "a function or a template, such as byIp(), byHeader(name) or '$remote_addr'",
    [
      [null, 'null'],
      [true, 'true'],
      [1, '1'],
      [{}, '{}'],
    ],
  ],
  [
    'zone',
    'a Zone, such as new Zone({ name: "per-ip" })',
    [
      ['z', '"z"'],
      [null, 'null'],
      [{ name: 'z' }, '{"name":"z"}'],
    ],
  ],
  [
    'dryRun',
    'true or false',
    [
      [1, '1'],
      ['true', '"true"'],
      [null, 'null'],
    ],
  ],
  ['timeoutMs', `${milliseconds} 600000`, [...notWhole, [600_001, '600001']]],
  ['maxKeysPerConnection', 'a whole number from 1 to 65536', [...notWhole, [65_537, '65537']]],
  [
    'limits',
    'a list of at least one limit',
    [
      [[], '[]'],
      [{}, '{}'],
      [5, '5'],
      [null, 'null'],
      ['a', '"a"'],
    ],
  ],
]
const ofMiddleware: readonly Row[] = [
  [
    'count',
    '"auto", "connections" or "requests"',
    [
      ['connection', '"connection"'],
      [null, 'null'],
      [1, '1'],
      [true, 'true'],
    ],
  ],
  [
    'logLevel',
    '"info", "notice", "warn", "error" or false',
    [
      ['debug', '"debug"'],
      [true, 'true'],
      [null, 'null'],
      ['ERROR', '"ERROR"'],
    ],
  ],
  [
    'logger',
    'an object with a method "error", for that is the logLevel',
    [
      [null, 'null'],
      [{}, '{}'],
      ['console', '"console"'],
      [{ error: 1 }, '{"error":1}'],
    ],
  ],
  [
    'statusCode',
    'a whole number from 400 to 599',
    [
      [399, '399'],
      [600, '600'],
      [200, '200'],
      ['503', '"503"'],
      [503.5, '503.5'],
      [NaN, 'NaN'],
      [null, 'null'],
    ],
  ],
  [
    'message',
    'text, a JSON value, or a function (req, res, decision) that returns one',
    [
      [Symbol('s'), 'Symbol(s)'],
      [5n, '5n'],
      [circular, '[object Object]'],
    ],
  ],
  [
    'reject',
    '"respond", "destroy", "reset" or a function (req, res, next, decision)',
    [
      ['drop', '"drop"'],
      [true, 'true'],
      [null, 'null'],
      [{}, '{}'],
    ],
  ],
  [
    'retryAfter',
    'false, or a whole number of seconds from 1 to 31536000',
    [...notWhole, [31_536_001, '31536001']],
  ],
  [
    'skip',
    'a function, or a list of paths ("/healthz") and CIDRs ("10.0.0.0/8")',
    [
      ['/healthz', '"/healthz"'],
      [true, 'true'],
      [null, 'null'],
      [{}, '{}'],
    ],
  ],
  [
    'sweep',
    'an object',
    [
      [5, '5'],
      [null, 'null'],
      [false, 'false'],
      [[], '[]'],
      ['5s', '"5s"'],
    ],
  ],
]

const cases = (rows: readonly Row[]): [string, unknown, string, string][] =>
  rows.flatMap(([option, accepted, bad]) =>
    bad.map(([value, shown]): [string, unknown, string, string] => [option, value, shown, accepted]),
  )

/** The error says what, where, which value, and what instead. */
function expectInvalid(
  run: () => unknown,
  option: string,
  [shown, accepted]: readonly [string, string],
): void {
  expect(run).toThrow(LimitConnError)
  expect(run).toThrow(expect.objectContaining({ code: 'ERR_LIMIT_CONN_INVALID_OPTION', option }))
  expect(run).toThrow(`${option} is ${shown}; expected ${accepted}`)
}

describe('limitConn', () => {
  it.each(cases([...shared, ...ofMiddleware]))('refuses %s: %p', (...[option, value, shown, accepted]) => {
    const options = option === 'limits' ? { limits: value } : { limit: 1, [option]: value }
    expectInvalid(() => make(options), `options.${option}`, [shown, accepted])
  })

  it.each(cases(shared.slice(0, 4)))('refuses %s in a list: %p', (...[option, value, shown, accepted]) => {
    const limits = [{ limit: 1 }, { limit: 1, [option]: value }]
    expectInvalid(() => make({ limits }), `options.limits[1].${option}`, [shown, accepted])
  })

  it.each([5, null, 'limit', [[]], true])('refuses the limit %p in a list', (value) => {
    const shown = JSON.stringify(value)
    expectInvalid(() => make({ limits: [{ limit: 1 }, value] }), 'options.limits[1]', [shown, 'an object'])
  })

  it.each(['everyMs', 'graceMs'])('refuses every bad sweep.%s', (name) => {
    for (const [value, shown] of [...notWhole, [86_400_001, '86400001'] as const]) {
      const run = (): unknown => make({ limit: 1, sweep: { [name]: value } })
      expectInvalid(run, `options.sweep.${name}`, [shown, `${milliseconds} 86400000`])
    }
  })

  it.each(['healthz', '', '10.0.0.0/33', '/api/*', '/a?b', '/a#b', '/a b', 5, null, {}, undefined])(
    'refuses the entry %p of skip',
    (entry) => {
      const accepted = 'an exact path ("/healthz"), an address or a CIDR; take a function for patterns'
      const run = (): unknown => make({ limit: 1, skip: ['/healthz', entry] })
      expectInvalid(run, 'options.skip[1]', [JSON.stringify(entry) ?? 'undefined', accepted])
    },
  )

  it.each([5, 'x', true, []])('refuses %p in place of options', (options) => {
    expectInvalid(() => make(options), 'options', [JSON.stringify(options), 'an object'])
  })

  it('names the function that a logger lacks at the level in use', () => {
    const logger = { error: (): void => undefined }
    const accepted = ['an object with a method "warn"', 'an object with a method "notice" or "info"'] as const
    expectInvalid(() => make({ limit: 1, logger, logLevel: 'warn' }), 'options.logger', ['{}', accepted[0]])
    expectInvalid(() => make({ limit: 1, logger, logLevel: 'notice' }), 'options.logger', ['{}', accepted[1]])
    expect(() => make({ limit: 1, logger })).not.toThrow()
    expect(() => make({ limit: 1, logger: null, logLevel: false })).not.toThrow()
  })

  it('shortens a long value', () => {
    expect(() => make({ limit: 'x'.repeat(9_999) })).toThrow(
      `options.limit is "${'x'.repeat(116)}...; expected`,
    )
  })
})

describe('Limiter', () => {
  it.each(cases(shared))('refuses %s: %p', (...[option, value, shown, accepted]) => {
    const options = option === 'limits' ? { limits: value } : { limit: 1, [option]: value }
    expectInvalid(() => makeLimiter(options), `options.${option}`, [shown, accepted])
  })

  it.each(ofMiddleware.map(([option]) => option))('does not know %s', (option) => {
    const code = 'ERR_LIMIT_CONN_UNKNOWN_OPTION'
    expect(() => makeLimiter({ limit: 1, [option]: 1 })).toThrow(expect.objectContaining({ code }))
  })
})

describe('limits as a whole', () => {
  const zone = new Zone({ name: 'per-ip' })
  const both = (...names: readonly string[]): object => ({
    ...Object.fromEntries(names.map((name) => [name, name === 'zone' ? zone : name === 'key' ? byIp() : 1])),
    limits: [{ limit: 1 }],
  })

  it.each([
    [
      'MISSING_LIMIT',
      {},
      'options.limit',
      `options.limit is missing; expected ${aNumber}, such as { limit: 10 }`,
    ],
    ['MISSING_LIMIT', undefined, 'options.limit', 'options.limit is missing'],
    ['MISSING_LIMIT', { limit: undefined }, 'options.limit', 'options.limit is missing'],
    [
      'MISSING_LIMIT',
      { limits: [{ limit: 1 }, {}] },
      'options.limits[1].limit',
      'options.limits[1].limit is missing',
    ],
    ['LIMIT_AND_LIMITS', both('limit'), 'options.limit', 'options.limit stands beside options.limits'],
    ['LIMIT_AND_LIMITS', both('key'), 'options.key', 'options.key stands beside options.limits'],
    ['LIMIT_AND_LIMITS', both('zone'), 'options.zone', 'options.zone stands beside options.limits'],
    [
      'DUPLICATE_ZONE',
      { limits: [{ limit: 1, zone }, { limit: 1 }, { limit: 2, zone }] },
      'options.limits[2].zone',
      'options.limits[2].zone is duplicate: another limit of this policy uses zone "per-ip"',
    ],
  ])('ERR_LIMIT_CONN_%s for %j', (...[code, options, option, message]) => {
    for (const run of [(): unknown => make(options), (): unknown => makeLimiter(options)]) {
      expect(run).toThrow(expect.objectContaining({ code: `ERR_LIMIT_CONN_${code}`, option }))
      expect(run).toThrow(message)
    }
  })

  it('refuses a list with a hole', () => {
    expectInvalid(() => makeLimiter({ limits: Array(1) }), 'options.limits[0]', ['undefined', 'an object'])
  })
})
