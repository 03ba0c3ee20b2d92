import { describe, expect, it } from '@jest/globals'
import { byIp, limitConn, Limiter, Zone } from '../../lib/index.ts'
import type { LimitConnOptions, LimiterOptions } from '../../lib/index.ts'
import { extendOptions, mergeOptions } from '../../lib/options/merge.ts'

const key = (): string => 'a'
const source = (): { prependListener(): void } => ({ prependListener: () => undefined })
const statusOf = (limiter: Limiter): unknown => (limiter as Limiter<{ limit: 1 }>).accept(source()).status
const limiterOf = (options: LimiterOptions): Limiter => new Limiter(options)

describe('config', () => {
  it('fills in the defaults, in the shape of one limit', () => {
    const policy = limitConn({ limit: 10 })
    expect(policy.config).toEqual({
      limit: 10,
      key: expect.any(Function),
      zone: policy.zones[0],
      dryRun: false,
      onLimit: 'reject',
      maxLifetimeMs: false,
      maxIdleMs: false,
      queue: false,
      count: 'auto',
      logLevel: 'error',
      logger: console,
      statusCode: 503,
      message: expect.stringMatching(/^[A-Z][a-z ,]+\.\n$/),
      reject: 'respond',
      retryAfter: false,
      headers: false,
      warnings: true,
      skip: [],
      timeoutMs: 1_000,
      maxKeysPerConnection: 16,
      sweep: { everyMs: 5_000, graceMs: 30_000 },
    })
  })

  it('keeps the shape of a list', () => {
    const limiter = limiterOf({
      dryRun: true,
      limits: [
        { limit: 1, key },
        { limit: 2, dryRun: false },
      ],
    })
    const [one, two] = limiter.zones
    expect(limiter.config).toEqual({
      dryRun: true,
      onLimit: 'reject',
      maxLifetimeMs: false,
      maxIdleMs: false,
      timeoutMs: 1_000,
      maxKeysPerConnection: 16,
      limits: [
        { limit: 1, key, zone: one },
        { limit: 2, key: expect.any(Function), zone: two, dryRun: false },
      ],
    })
  })

  it('is frozen, and no copy of what the user still changes', () => {
    const limits = [{ limit: 1, key }]
    const limiter = limiterOf({ limits })
    limits[0]!.limit = 99
    limits.push({ limit: 2, key })
    const { config } = limiter
    const parts = [config, config.limits!, config.limits![0]!, limitConn({ limit: 1 }).config.sweep!]
    expect(parts.map((part) => Object.isFrozen(part))).toEqual([true, true, true, true])
    expect([config.limits!.length, config.limits![0]!.limit]).toEqual([1, 1])
    expect(limiter.config).toBe(config)
  })

  it('takes undefined for what is absent', () => {
    const options = { limit: 1, key: undefined, zone: undefined, logLevel: undefined, statusCode: undefined }
    expect(limitConn(options as unknown as LimitConnOptions).config).toMatchObject({
      logLevel: 'error',
      statusCode: 503,
    })
  })

  it('names private zones in a row, and not all the same', () => {
    const names = [1, 2, 3].map(() => limiterOf({ limit: 1 }).zones[0]!.name)
    expect(new Set(names).size).toBe(3)
    expect(names.filter((name) => !/^limit-conn(-\d+)?$/.test(name))).toEqual([])
  })
})

describe('setConfig', () => {
  it('A-09: lowers and raises a limit for whoever comes next, and leaves those who are there', () => {
    const limiter = limiterOf({ limit: 2, key })
    const zone = limiter.zones[0]!
    expect([statusOf(limiter), statusOf(limiter)]).toEqual(['PASSED', 'PASSED'])

    limiter.setConfig({ limit: 1 })
    expect([statusOf(limiter), limiter.numOpen('a')]).toEqual(['REJECTED', 2])
    limiter.setConfig({ limit: 3 })
    expect([statusOf(limiter), statusOf(limiter), limiter.numOpen('a')]).toEqual(['PASSED', 'REJECTED', 3])
    expect(limiter.zones).toEqual([zone])
  })

  it('throws for options that are not accepted, and changes nothing', () => {
    const limiter = limiterOf({ limit: 1, key })
    const { config, zones } = limiter
    for (const bad of [
      { limit: 0 },
      { limt: 1 },
      { timeoutMs: 5, limit: -1 },
      null,
      { limits: [] },
      { limits: [{ limit: 1 }], key },
    ]) {
      expect(() => limiter.setConfig(bad as LimiterOptions)).toThrow(/^options/)
    }
    expect(limiter.config).toBe(config)
    expect(limiter.zones).toEqual(zones)
    expect([statusOf(limiter), statusOf(limiter)]).toEqual(['PASSED', 'REJECTED'])
  })

  it('replaces one limit by a list, and a list by another, and keeps the private zones', () => {
    const limiter = limiterOf({ limit: 1, key })
    const [own] = limiter.zones
    statusOf(limiter)
    limiter.setConfig({
      limits: [
        { limit: 2, key },
        { limit: 5, key },
      ],
    })
    expect(limiter.zones[0]).toBe(own)
    expect([statusOf(limiter), statusOf(limiter)]).toEqual(['PASSED', 'REJECTED'])

    const given = new Zone({ name: 'given' })
    limiter.setConfig({
      limits: [
        { limit: 3, key },
        { limit: 1, key, zone: given },
      ],
    })
    expect(limiter.zones).toEqual([own, given])
    expect(() => limiter.setConfig({ limit: 1 })).toThrow('options.limit stands beside options.limits')
  })

  it('leaves the zone of the user behind when the next list has none', () => {
    const given = new Zone({ name: 'given' })
    const limiter = limiterOf({ limits: [{ limit: 1, key, zone: given }] })
    limiter.setConfig({ limits: [{ limit: 1, key }] })
    expect(limiter.zones[0]).not.toBe(given)
  })

  it('never uses one zone twice, though the user hands back the private one in another place', () => {
    const limiter = limiterOf({ limit: 1, key })
    const [own] = limiter.zones
    limiter.setConfig({
      limits: [
        { limit: 1, key },
        { limit: 2, key, zone: own! },
      ],
    })
    expect(limiter.zones[1]).toBe(own)
    expect(limiter.zones[0]).not.toBe(own)
  })

  it('merges over what is in force', () => {
    const policy = limitConn({ limit: 1, statusCode: 429, logLevel: 'warn', message: 'no' })
    policy.setConfig({ logLevel: 'info', dryRun: true })
    policy.setConfig({ statusCode: undefined, retryAfter: 5 } as object)
    const { limit, statusCode, logLevel, message, dryRun, retryAfter } = policy.config
    expect([limit, statusCode, logLevel, message, dryRun, retryAfter]).toEqual([
      1,
      429,
      'info',
      'no',
      true,
      5,
    ])
  })
})

describe('extend', () => {
  const above: LimitConnOptions = { limit: 1, key, statusCode: 429, logLevel: 'warn', dryRun: true }

  it('inherits the limits, zones included, where none stand here', () => {
    const policy = limitConn(above)
    const below = policy.extend({ logLevel: 'info' })
    expect(below.zones).toEqual(policy.zones)
    expect(below.zones[0]).toBe(policy.zones[0])
    expect(below.config).toEqual({ ...policy.config, logLevel: 'info' })
    expect(policy.config.logLevel).toBe('warn')
  })

  it.each<[string, Partial<LimitConnOptions>]>([
    ['a limit', { limit: 5 }],
    ['a list', { limits: [{ limit: 5 }] }],
    ['a limit and a zone', { limit: 5, zone: new Zone({ name: 'z' }) }],
  ])('inherits no limit but every other option where %s stands here', (_, options) => {
    const policy = limitConn(above)
    const below = policy.extend(options)
    expect(below.zones[0]).not.toBe(policy.zones[0])
    expect(below.config).toMatchObject({ ...options, statusCode: 429, logLevel: 'warn', dryRun: true })
    expect(below.config.key).not.toBe(key)
  })

  it.each([{ key: byIp() }, { zone: new Zone({ name: 'z' }) }])(
    'takes %p alone for a limit of this level, which lacks its number',
    (options) => {
      const code = 'ERR_LIMIT_CONN_MISSING_LIMIT'
      expect(() => limitConn(above).extend(options)).toThrow(expect.objectContaining({ code }))
    },
  )

  it('inherits from what is in force, and each goes its own way from there', () => {
    const limiter = limiterOf({ limit: 1, key })
    limiter.setConfig({ limit: 2 })
    const below = limiter.extend({ timeoutMs: 5 })
    limiter.setConfig({ limit: 9 })
    below.setConfig({ timeoutMs: 7 })
    expect([below.config.limit, below.config.timeoutMs, limiter.config.timeoutMs]).toEqual([2, 7, 1_000])
    expect([statusOf(limiter), statusOf(below), statusOf(below)]).toEqual(['PASSED', 'PASSED', 'REJECTED'])
  })
})

describe('merging', () => {
  const given = { limit: 1, key, zone: 'z', dryRun: true }

  it.each([
    ['nothing', {}, given],
    ['another limit', { limit: 2 }, { ...given, limit: 2 }],
    ['a list', { limits: [1] }, { limits: [1], dryRun: true }],
    ['undefined', { limit: undefined, limits: undefined }, given],
  ])('%s over one limit', (_, next, merged) => {
    expect(mergeOptions(given, next)).toEqual(merged)
  })

  it.each([
    ['nothing', {}, given],
    ['a number', { limit: 2 }, { limit: 2, dryRun: true }],
    ['a list', { limits: [1] }, { limits: [1], dryRun: true }],
    ['dryRun', { dryRun: false }, { ...given, dryRun: false }],
  ])('%s under one limit', (_, here, merged) => {
    expect(extendOptions(given, here)).toEqual(merged)
  })
})
