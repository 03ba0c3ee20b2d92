import { describe, expect, it } from '@jest/globals'
import { byHeader, byIp, limitConn, Limiter, Zone } from '../../lib/index.ts'

describe('the zones of limits that were given none, after setConfig', () => {
  const a = byHeader('a')
  const b = byHeader('b')

  it('go with their key functions: a list may be reordered', () => {
    const policy = limitConn({
      limits: [
        { limit: 1, key: a },
        { limit: 2, key: b },
      ],
      warnings: false,
    })
    const [first, second] = policy.zones
    policy.setConfig({
      limits: [
        { limit: 2, key: b },
        { limit: 1, key: a },
      ],
    })

    expect(policy.zones).toEqual([second, first])
    expect(policy.zones[0]).toBe(second)
  })

  it('stay in their place where the key functions are new', () => {
    const policy = limitConn({ limits: [{ limit: 1, key: byHeader('a') }, { limit: 2 }] })
    const [first, second] = policy.zones
    policy.setConfig({ limits: [{ limit: 5, key: byHeader('a') }, { limit: 6 }] })

    expect(policy.zones[0]).toBe(first)
    expect(policy.zones[1]).toBe(second)
  })

  it('are not shared: a limit that is new gets a new one', () => {
    const policy = limitConn({ limits: [{ limit: 1, key: a }] })
    const [first] = policy.zones
    policy.setConfig({
      limits: [
        { limit: 2, key: b },
        { limit: 1, key: a },
      ],
    })

    expect(policy.zones[1]).toBe(first)
    expect(policy.zones[0]).not.toBe(first)
  })

  it('are not those that the user gave', () => {
    const zone = new Zone({ name: 'mine' })
    const policy = limitConn({ limits: [{ limit: 1, key: a, zone }] })
    policy.setConfig({ limits: [{ limit: 1, key: a }] })

    expect(policy.zones[0]).not.toBe(zone)
  })
})

describe('sweep', () => {
  it('is merged one time by one, by setConfig and extend', () => {
    const policy = limitConn({ limit: 1, sweep: { everyMs: 1_000, graceMs: 2_000 } })
    policy.setConfig({ sweep: { everyMs: 500 } })

    expect(policy.config.sweep).toEqual({ everyMs: 500, graceMs: 2_000 })
    expect(policy.extend({ sweep: { graceMs: 9 } }).config.sweep).toEqual({ everyMs: 500, graceMs: 9 })
  })

  it.each([null, [], 5])('%j is refused by setConfig as at construction', (sweep) => {
    const policy = limitConn({ limit: 1 })
    const error = expect.objectContaining({ code: 'ERR_LIMIT_CONN_INVALID_OPTION', option: 'options.sweep' })

    expect(() => policy.setConfig({ sweep: sweep as never })).toThrow(error)
    expect(policy.config.sweep).toEqual({ everyMs: 5_000, graceMs: 30_000 })
  })
})

it('skip is copied: what the user does to the list later changes nothing', () => {
  const skip = ['/healthz']
  const policy = limitConn({ limit: 1, skip })
  skip.push('no path')

  expect(policy.config.skip).toEqual(['/healthz'])
  expect(Object.isFrozen(policy.config.skip)).toBe(true)
  expect(() => policy.setConfig({ limit: 2 })).not.toThrow()
})

it('a dry run that a limit of a list has of its own wins over that of the policy', () => {
  const zone = new Zone({ name: 'z' })
  const policy = limitConn({
    dryRun: true,
    limits: [
      { limit: 1, zone },
      { limit: 2, dryRun: false },
    ],
  })
  policy.setConfig({ ...policy.config, dryRun: false })

  expect(policy.config.limits!.map(({ dryRun }) => dryRun)).toEqual([undefined, false])
  expect(policy.config.dryRun).toBe(false)
})

it('a zone is never fuller than max, also where an address has several keys', () => {
  const zone = new Zone({ name: 'z', max: 1 })
  const limiter = new Limiter({ limit: 1, zone, key: byIp({ ipv6Subnet: [64, 48] }) })
  const source = { remoteAddress: '2001:db8::1', prependListener: () => undefined }

  expect(limiter.accept(source).status).toBe('REJECTED')
  expect(zone.stats()).toMatchObject({ keys: 0, exhausted: 1, rejected: 0 })
})
