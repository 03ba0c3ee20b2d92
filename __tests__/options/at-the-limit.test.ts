import http from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { limitConn, Limiter, limitServer, limitUpgrade, Zone, type Source } from '../../lib/index.ts'
import type {
  LimitConnOptions,
  LimiterOptions,
  LimitServerOptions,
  LimitUpgradeOptions,
} from '../../lib/index.ts'
import { bad, expectInvalid, expectUnknown, notWhole, oddities, type Bad } from '../helpers/bad-options.ts'

/** All that takes limits. */
const kinds: readonly (readonly [string, (options: unknown) => { readonly config: object }])[] = [
  ['limitConn', (options) => limitConn(options as LimitConnOptions)],
  ['limitUpgrade', (options) => limitUpgrade(options as LimitUpgradeOptions, () => undefined)],
  ['limitServer', (options) => limitServer(http.createServer(), options as LimitServerOptions)],
  ['Limiter', (options) => new Limiter(options as LimiterOptions)],
]
const make = kinds[0]![1]
const key = (): string => 'a'
const source = (): Source => ({ prependListener: () => undefined, destroy: () => undefined })

const anOnLimit = '"reject", "evict-oldest" or "evict-idle"'
const anOnEvict = 'a function (socket, cause) that says a last word'
const aBound = 'false, or a whole number of milliseconds from 1 to 2147483647'

/** What stands on the options, or on one of a list. */
const ofLimits = (path: string): readonly Bad[] => [
  ...bad(`${path}.onLimit`, anOnLimit, [...oddities, ['evict', '"evict"'], [false, 'false']]),
  ...bad(`${path}.onEvict`, anOnEvict, [...oddities, [false, 'false'], [true, 'true']]),
  ...['maxLifetimeMs', 'maxIdleMs'].flatMap((name) =>
    bad(`${path}.${name}`, aBound, [...notWhole, [2 ** 31, '2147483648']]),
  ),
]

const aQueue = 'false, or an object, such as { max: 10 }'
const aMax = 'a whole number from 1 to 65536'
const aTimeout = 'a whole number of milliseconds from 1 to 600000'
const ofQueue: readonly Bad[] = [
  ...bad('options.queue', aQueue, [
    [true, 'true'],
    [10, '10'],
    ['10', '"10"'],
    [Symbol('s'), 'Symbol(s)'],
    [null, 'null'],
  ]),
  ...bad('options.queue', 'an object, such as { max: 10 }', [[[], '[]']]),
  ...bad('options.queue.max', aMax, [[undefined, 'undefined'], ...notWhole, [65_537, '65537']]),
  ...bad('options.queue.timeoutMs', aTimeout, [...notWhole, [600_001, '600001']]),
]

describe.each(kinds)('%s refuses', (_, makeKind) => {
  it.each(ofLimits('options'))('%s: %p', (...row) => {
    const name = row[0].split('.')[1]!
    expectInvalid(() => makeKind({ limit: 1, [name]: row[1] }), row)
  })

  it.each(ofLimits('options.limits[1]'))('%s: %p', (...row) => {
    const name = row[0].split('.')[2]!
    expectInvalid(() => makeKind({ limits: [{ limit: 1 }, { limit: 2, [name]: row[1] }] }), row)
  })
})

describe('queue', () => {
  it.each(ofQueue)('refuses %s: %p', (...row) => {
    const [, , inner] = row[0].split('.')
    const queue = inner === undefined ? row[1] : { max: 1, [inner]: row[1] }
    expectInvalid(() => make({ limit: 1, queue }), row)
  })

  it('refuses an option of its own that it does not know', () => {
    const message = 'options.queue.size is not an option; did you mean max?'
    expect(() => make({ limit: 1, queue: { size: 5 } })).toThrow(message)
  })

  it('takes what is at the ends', () => {
    for (const queue of [
      { max: 1, timeoutMs: 1 },
      { max: 65_536, timeoutMs: 600_000 },
    ])
      expect(make({ limit: 1, queue }).config).toMatchObject({ queue })
  })

  it('is nothing for a limit where connections are counted', () => {
    const row: Bad = [
      'options.queue',
      undefined,
      '{"max":1,"timeoutMs":5000}',
      'false with count: "connections": requests wait only where they are counted, count: "requests"',
    ]
    expectInvalid(() => make({ limit: 1, count: 'connections', queue: { max: 1 } }), row)
    expect(() => make({ limit: 1, count: 'connections', queue: false })).not.toThrow()
  })

  it.each(kinds.slice(1))('is not known to %s', (_, makeKind) => {
    const code = 'ERR_LIMIT_CONN_UNKNOWN_OPTION'
    expect(() => makeKind({ limit: 1, queue: { max: 1 } })).toThrow(expect.objectContaining({ code }))
  })

  it('is merged by name into what is in force, taken away by false, and frozen', () => {
    const policy = limitConn({ limit: 1, queue: { max: 5, timeoutMs: 7 } })
    policy.setConfig({ queue: { max: 6 } })
    expect(policy.config.queue).toEqual({ max: 6, timeoutMs: 7 })
    policy.setConfig({ queue: { timeoutMs: 8 } as never })
    expect(policy.config.queue).toEqual({ max: 6, timeoutMs: 8 })
    expect(Object.isFrozen(policy.config.queue)).toBe(true)

    const below = policy.extend({ queue: { timeoutMs: 9 } as never })
    expect(below.config.queue).toEqual({ max: 6, timeoutMs: 9 })
    expect(policy.extend({ statusCode: 429 }).config.queue).toEqual({ max: 6, timeoutMs: 8 })
    policy.setConfig({ queue: false })
    expect([policy.config.queue, below.config.queue]).toEqual([false, { max: 6, timeoutMs: 9 }])
    expect(() => policy.setConfig({ queue: { timeoutMs: 9 } as never })).toThrow(
      'options.queue.max is undefined',
    )
  })
})

describe('onLimit', () => {
  it.each(['evict-oldest', 'evict-idle'] as const)('%s is nothing where requests are counted', (onLimit) => {
    const accepted = '"reject" with count: "requests": connections make room, requests do not'
    const shown = JSON.stringify(onLimit)
    const one = { limit: 1, count: 'requests', onLimit }
    expectInvalid(() => make(one), ['options.onLimit', onLimit, shown, accepted])
    const list = { count: 'requests', limits: [{ limit: 1 }, { limit: 1, onLimit }] }
    expectInvalid(() => make(list), ['options.limits[1].onLimit', onLimit, shown, accepted])
    expect(() => make({ ...list, onLimit: 'reject', count: 'auto' })).not.toThrow()
  })

  it("'evict-idle' is nothing for a Limiter, which sees no bytes", () => {
    const accepted = '"evict-oldest" or "reject": a Limiter does not see when bytes move'
    const makeLimiter = (options: object): unknown => new Limiter(options as LimiterOptions)
    const [name, shown] = ['evict-idle', '"evict-idle"']
    expectInvalid(() => makeLimiter({ limit: 1, onLimit: name }), ['options.onLimit', name, shown, accepted])
    const list = { limits: [{ limit: 1 }, { limit: 1, onLimit: name }] }
    expectInvalid(() => makeLimiter(list), ['options.limits[1].onLimit', name, shown, accepted])
  })

  it('stands on the options for all limits that have none of their own, as do the others', () => {
    const zones = ['one', 'two'].map((name) => new Zone({ name }))
    const limiter = new Limiter({
      onLimit: 'evict-oldest',
      limits: [
        { limit: 1, key, zone: zones[0]! },
        {
          limit: 1,
          key: (each) => (each as Partial<Record<'key', string>>).key,
          zone: zones[1]!,
          onLimit: 'reject',
        },
      ],
    })
    const statuses = [1, 2].map(() => limiter.accept(source()).status)
    for (let n = 0; n < 2; n++) {
      const other = Object.assign(source(), { key: 'b' })
      statuses.push(limiter.accept(other).status)
    }
    expect(statuses).toEqual(['PASSED', 'PASSED', 'PASSED', 'REJECTED'])
    expect(zones.map((zone) => zone.stats().evicted)).toEqual([2, 0])
  })

  it('is changed by setConfig, for whoever comes next', () => {
    const limiter = new Limiter({ limit: 1, key })
    const statuses = ['reject', 'evict-oldest', 'reject'].map((onLimit) => {
      limiter.setConfig({ onLimit: onLimit as 'reject' })
      return [1, 2].map(() => limiter.accept(source()).status)
    })
    expect(statuses.flat()).toEqual(['PASSED', 'REJECTED', 'PASSED', 'PASSED', 'REJECTED', 'REJECTED'])
  })
})

describe('maxLifetimeMs and maxIdleMs', () => {
  it.each(['maxLifetimeMs', 'maxIdleMs'])('%s is nothing for a Limiter, which has no sweep', (name) => {
    const accepted = 'false: a Limiter closes nobody by time; limitServer, limitConn and limitUpgrade do'
    const makeLimiter = (options: object): unknown => new Limiter(options as LimiterOptions)
    expectInvalid(() => makeLimiter({ limit: 1, [name]: 5 }), [`options.${name}`, 5, '5', accepted])
    const list = { limits: [{ limit: 1 }, { limit: 1, [name]: 5 }] }
    expectInvalid(() => makeLimiter(list), [`options.limits[1].${name}`, 5, '5', accepted])
    expect(() => makeLimiter({ limit: 1, [name]: false })).not.toThrow()
  })

  it('take what is at the ends', () => {
    for (const ms of [1, 2 ** 31 - 1, false])
      expect(() => make({ limit: 1, maxLifetimeMs: ms, maxIdleMs: ms })).not.toThrow()
  })

  it('are looked for by their names', () => {
    expectUnknown(() => make({ limit: 1, maxIdelMs: 1 }), 'maxIdelMs', 'did you mean maxIdleMs?')
    expectUnknown(() => make({ limit: 1, onlimit: 1 }), 'onlimit', 'did you mean onLimit?')
  })
})
