import { EventEmitter } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { Limiter, Zone, type ZoneOptions } from '../../lib/index.ts'

const keyOf = (source: object): string => (source as { key: string }).key

/** So many come under a key, and stay until all are closed. */
function crowd(limiter: Pick<Limiter, 'accept'>, sizes: readonly number[]): EventEmitter[] {
  return sizes.flatMap((size, index) =>
    Array.from({ length: size }, () => {
      const source = Object.assign(new EventEmitter(), { key: `key-${index}` })
      void limiter.accept(source)
      return source
    }),
  )
}

function dry(options: Partial<ZoneOptions> = {}): { zone: Zone; limiter: Pick<Limiter, 'accept'> } {
  const zone = new Zone({ name: 'per-key', ...options })
  return { zone, limiter: new Limiter({ zone, limit: 1, dryRun: true, key: keyOf }) }
}

/** 500 keys with 2 connections each, and one with 40. */
const usual = [...Array.from({ length: 500 }, () => 2), 40]

describe('advice', () => {
  it('suggests the smallest limit that refuses no more than the share, and says why', () => {
    const { zone, limiter } = dry()
    const all = crowd(limiter, usual)
    const { suggestion, arrivals, refusedAt, candidates } = zone.advise({ maxRejectedShare: 0.01 })
    expect([arrivals, refusedAt]).toEqual([1_040, null])
    // 10 of 1,040 may be refused: those of the one with 40 above 30.
    expect(suggestion).toEqual({
      limit: 30,
      reason:
        'the smallest limit known to refuse no more than 1 %: it would have refused 10 of 1040 arrivals',
    })
    expect(candidates.find(({ limit }) => limit === 2)).toMatchObject({ rejected: 38, keys: 1 })
    expect(candidates.find(({ limit }) => limit === 1)).toMatchObject({ rejected: 539, keys: 501 })
    for (const one of all) one.emit('close')
    expect(zone.stats().active).toBe(0)
  })

  it('suggests one that was not tried, where its upper bound is enough', () => {
    const { zone, limiter } = dry({ candidates: [2, 100] })
    const all = crowd(limiter, usual)
    const { suggestion, candidates } = zone.advise({ maxRejectedShare: 0.01, limits: [50] })
    expect(candidates.map(({ limit }) => limit)).toEqual([2, 30, 50, 100])
    expect(suggestion).toEqual({
      limit: 30,
      reason:
        'the smallest limit known to refuse no more than 1 %: it would have refused at most 10 of 1040 arrivals',
    })
    for (const one of all) one.emit('close')
  })

  it('suggests one that refuses the very share, though 0.29 of 100 is less than 29 in binary', () => {
    const { zone, limiter } = dry({ candidates: [1, 2] })
    const all = crowd(limiter, [...Array(29).fill(2), ...Array(42).fill(1)])
    expect(zone.advise({ maxRejectedShare: 0.29 }).suggestion.limit).toBe(1)
    expect(zone.advise({ maxRejectedShare: 0.289 }).suggestion.limit).toBe(2)
    for (const one of all) one.emit('close')
  })

  it('suggests nothing from too little', () => {
    const { zone, limiter } = dry()
    const all = crowd(limiter, [3])
    const { suggestion, candidates } = zone.advise()
    const { limit, reason } = suggestion
    expect(candidates.slice(0, 3).map(({ rejectedShare }) => rejectedShare)).toEqual([2 / 3, 1 / 3, 0])
    expect([limit, reason]).toEqual([
      null,
      '3 arrivals are too few to say: it takes 1000 to tell a share of 0.1 %',
    ])
    for (const one of all) one.emit('close')
  })

  it('suggests nothing above a limit in force that refuses more than the share', () => {
    const zone = new Zone({ name: 'z' })
    const limiter = new Limiter({ zone, limit: 4, key: keyOf })
    const all = crowd(limiter, usual)
    const { suggestion, refusedAt } = zone.advise()
    expect([suggestion.limit, refusedAt]).toEqual([null, 4])
    expect(suggestion.reason).toMatch(/^a limit in force has refused, closed or held back some/)
    for (const one of all) one.emit('close')
  })

  it('suggests one above all that were tried, where its upper bound is enough', () => {
    const { zone, limiter } = dry({ candidates: [2] })
    const all = crowd(limiter, usual)
    expect(zone.advise({ maxRejectedShare: 0.01 }).suggestion.limit).toBe(30)
    for (const one of all) one.emit('close')
  })

  it('suggests one that refuses exactly the share', () => {
    const { zone, limiter } = dry({ candidates: [] })
    // One of 1,000 came as the fourth.
    const all = crowd(limiter, [...Array.from({ length: 996 }, () => 1), 4])
    expect(zone.advise({ maxRejectedShare: 0.001 }).suggestion.limit).toBe(3)
    for (const one of all) one.emit('close')
  })

  it('suggests the limit in force, where it has refused no more than the share', () => {
    const zone = new Zone({ name: 'z' })
    const all = crowd(new Limiter({ zone, limit: 3, key: keyOf }), [
      ...Array.from({ length: 996 }, () => 1),
      4,
    ])
    expect(zone.advise({ maxRejectedShare: 0.001 }).suggestion).toEqual({
      limit: 3,
      reason:
        'the smallest limit known to refuse no more than 0.1 %: it would have refused 1 of 1000 arrivals',
    })
    for (const one of all) one.emit('close')
  })

  it('tells of a suggestion what it would have refused, not its upper bound', () => {
    const { zone, limiter } = dry({ candidates: [1, 2] })
    const all = crowd(limiter, [2])
    all[0]!.emit('close')
    // It meets the second, which a limit of 1 would have refused.
    const others = crowd(limiter, [1])
    expect(zone.advise({ maxRejectedShare: 0.4 }).suggestion.reason).toMatch(/refused 1 of 3 arrivals$/)
    expect(zone.advise({ maxRejectedShare: 0.4 }).suggestion.limit).toBe(1)
    for (const one of [...all, ...others]) one.emit('close')
  })

  it('suggests for a share of nobody from 1,000 arrivals on', () => {
    const { zone, limiter } = dry()
    const all = crowd(limiter, [...Array.from({ length: 996 }, () => 1), 3])
    const suggested = (): number | null => zone.advise({ maxRejectedShare: 0 }).suggestion.limit
    expect(suggested()).toBeNull()
    all.push(...crowd(limiter, [1]))
    expect(suggested()).toBe(3)
    for (const one of all) one.emit('close')
  })

  it('suggests nothing where those who met more than it can tell apart are more than the share', () => {
    const { zone, limiter } = dry()
    const all = crowd(limiter, [1_100])
    expect(zone.advise().suggestion).toEqual({
      limit: null,
      reason: 'each limit that was tried would have refused more than 0.1 %',
    })
    for (const one of all) one.emit('close')
  })

  it('names the smallest limit that has refused anybody', () => {
    const zone = new Zone({ name: 'z' })
    const all = [4, 2, 3].flatMap((limit) => crowd(new Limiter({ zone, limit, key: keyOf }), [9]))
    expect(zone.advise().refusedAt).toBe(2)
    for (const one of all) one.emit('close')
  })

  it('hides keys, and names the loudest, those that were hit', () => {
    const { zone, limiter } = dry()
    const all = crowd(limiter, [3, 4, 9, 6])
    const named = (top?: number): { shown: string; rejected: number }[] => [
      ...zone.advise(top === undefined ? {} : { top }).candidates.find(({ limit }) => limit === 3)!.topKeys,
    ]
    const shown = expect.stringMatching(/^key#[\w-]{12}$/)
    expect(named(2)).toEqual([
      { shown, rejected: 6 },
      { shown, rejected: 3 },
    ])
    expect(named().map(({ rejected }) => rejected)).toEqual([6, 3, 1])
    for (const one of all) one.emit('close')
  })

  it('tells of each limit that was asked for once, in ascending order', () => {
    const { zone, limiter } = dry({ candidates: [2, 5] })
    const all = crowd(limiter, [4])
    const { candidates } = zone.advise({ limits: [1, 2, 3, 8] })
    expect(candidates.map(({ limit }) => limit)).toEqual([1, 2, 3, 5, 8])
    expect(candidates[0]).toEqual({
      limit: 1,
      rejected: 3,
      rejectedShare: 0.75,
      topKeys: [],
      exactness: 'upper bound',
    })
    for (const one of all) one.emit('close')
  })

  it('takes no share of nothing', () => {
    expect(dry().zone.advise().candidates[0]).toMatchObject({ rejected: 0, rejectedShare: 0 })
  })

  it.each([0, 1])('accepts a share of %d', (maxRejectedShare) => {
    expect(dry().zone.advise({ maxRejectedShare }).suggestion.limit).toBeNull()
  })

  it.each([
    [{ maxRejectedShare: 2 }, 'advise.maxRejectedShare is 2; expected a number from 0 to 1'],
    [{ maxRejectedShare: -0.1 }, 'advise.maxRejectedShare is -0.1'],
    [{ maxRejectedShare: '0.5' }, 'advise.maxRejectedShare is "0.5"'],
    [{ limits: [5, 3] }, 'advise.limits is [5,3]'],
    [{ top: -1 }, 'advise.top is -1'],
    [{ limit: 1 }, 'limit'],
  ])('refuses %j', (options, message) => {
    expect(() => new Zone({ name: 'z' }).advise(options as object)).toThrow(message)
  })
})
