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
      reason: 'the smallest limit that refuses no more than 1 %: it would have refused 10 of 1040 arrivals',
    })
    expect(candidates.find(({ limit }) => limit === 2)).toMatchObject({ rejected: 38, keys: 1 })
    expect(candidates.find(({ limit }) => limit === 1)).toMatchObject({ rejected: 539, keys: 501 })
    for (const one of all) one.emit('close')
    expect(zone.stats().active).toBe(0)
  })

  it('suggests one that was not tried, where its upper bound is enough', () => {
    const { zone, limiter } = dry({ candidates: [2, 100] })
    const all = crowd(limiter, usual)
    expect(zone.advise({ maxRejectedShare: 0.01 }).suggestion).toEqual({
      limit: 30,
      reason:
        'the smallest limit that refuses no more than 1 %: it would have refused at most 10 of 1040 arrivals',
    })
    for (const one of all) one.emit('close')
  })

  it('suggests nothing from too little', () => {
    const { zone, limiter } = dry()
    const all = crowd(limiter, [3])
    const { limit, reason } = zone.advise().suggestion
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
    expect(suggestion.reason).toMatch(/^a limit in force has kept others away/)
    for (const one of all) one.emit('close')
  })

  it('hides keys, and names the loudest', () => {
    const { zone, limiter } = dry()
    const all = crowd(limiter, [3, 9, 4])
    const { topKeys } = zone.advise({ top: 2 }).candidates.find(({ limit }) => limit === 3)!
    expect(topKeys).toEqual([
      { shown: expect.stringMatching(/^key#[\w-]{12}$/), rejected: 6 },
      { shown: expect.stringMatching(/^key#[\w-]{12}$/), rejected: 1 },
    ])
    for (const one of all) one.emit('close')
  })

  it.each([
    [{ maxRejectedShare: 2 }, 'advise.maxRejectedShare is 2; expected a number from 0 to 1'],
    [{ limits: [5, 3] }, 'advise.limits is [5,3]'],
    [{ top: -1 }, 'advise.top is -1'],
    [{ limit: 1 }, 'limit'],
  ])('refuses %j', (options, message) => {
    expect(() => new Zone({ name: 'z' }).advise(options as object)).toThrow(message)
  })
})
