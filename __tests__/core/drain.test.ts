import { describe, expect, it } from '@jest/globals'
import { lingerMs } from '../../lib/core/carrier.ts'
import { Holder } from '../../lib/core/holder.ts'
import { carried, type Parcel } from '../helpers/carrier.ts'
import { ask, policyOf, queueUp, zoneOf, type TestPolicy } from '../helpers/policies.ts'
import { until } from '../helpers/until.ts'

const longMs = 60_000
const drained = (policy: TestPolicy): number => policy.zones[0]!.stats().drained

/** Lets a parcel in. */
function come(policy: TestPolicy, over: Partial<Parcel> = {}, ...keys: string[]): [Holder, Parcel] {
  const pair = carried(over)
  ask(policy, pair[0], ...(keys.length > 0 ? keys : ['a']))
  return pair
}

describe('drain', () => {
  it('resolves at once where nothing is open, or nothing that could be closed', async () => {
    const policy = policyOf({ zone: zoneOf(), limit: 9 })
    expect(await policy.drain(longMs)).toEqual({ idle: 0, ended: 0, cut: 0, upgraded: 0 })
    const bare = new Holder()
    ask(policy, bare, 'a')
    expect(await policy.drain(longMs)).toEqual({ idle: 0, ended: 0, cut: 0, upgraded: 0 })
    expect(bare.isEnded).toBe(false)
  })

  it('closes what is idle at once, what becomes idle when it does, and waits for what ends', async () => {
    const policy = policyOf({ zone: zoneOf(), limit: 9 })
    const [[idle, parcel], [, slow], [ending]] = [
      come(policy),
      come(policy, { state: 'busy' }),
      come(policy, { state: 'upgraded' }),
    ]
    const report = policy.drain(longMs)
    expect([idle.isEnded, parcel.isClosed, slow.isClosed, ending.isEnded]).toEqual([true, true, false, false])
    slow.state = 'idle'
    await until('what is idle now was closed', () => slow.isClosed)
    ending.end()
    expect(await report).toEqual({ idle: 1, ended: 2, cut: 0, upgraded: 0 })
    expect(drained(policy)).toBe(2)
  })

  it.each([0, 60])('closes the rest after %p ms, and tells what it was in the middle of', async (ms) => {
    const policy = policyOf({ zone: zoneOf(), limit: 9 })
    const states = ['idle', 'busy', 'raw', 'upgraded', 'upgraded', 'upgraded'] as const
    const parcels = states.map((state) => come(policy, { state })[1])
    expect(await policy.drain(ms)).toEqual({ idle: 1, ended: 0, cut: 2, upgraded: 3 })
    expect(parcels.every(({ isClosed }) => isClosed)).toBe(true)
    expect(policy.zones[0]!.stats()).toMatchObject({ drained: 6, active: 0 })
  })

  it('ends what comes meanwhile, and leaves what others let in', async () => {
    const zone = zoneOf()
    const [policy, other] = [policyOf({ zone, limit: 9 }), policyOf({ zone, limit: 9 })]
    const [, theirs] = come(other)
    come(policy, { state: 'busy' })
    const report = policy.drain(150)
    const [, late] = come(policy)
    await until('the newcomer was closed', () => late.isClosed)
    const [, busy] = come(policy, { state: 'raw' })
    expect(await report).toEqual({ idle: 1, ended: 0, cut: 2, upgraded: 0 })
    expect([theirs.isClosed, busy.isClosed, zone.stats().active]).toEqual([false, true, 1])
  })

  it('counts a connection once, and in each zone that it was let in to', async () => {
    const zones = ['one', 'two'].map((name) => zoneOf({ name }))
    const policy = policyOf({ limits: zones.map((zone) => ({ zone, limit: 9 })) })
    come(policy, {}, 'a', 'b')
    expect(await policy.drain(0)).toEqual({ idle: 1, ended: 0, cut: 0, upgraded: 0 })
    expect(zones.map((zone) => zone.stats().drained)).toEqual([1, 1])
  })

  it('does not count as closed what ended as another was closed', async () => {
    const policy = policyOf({ zone: zoneOf(), limit: 9 })
    const [, first] = come(policy)
    const [other] = come(policy)
    first.whenClosed = () => other.end()
    expect(await policy.drain(longMs)).toEqual({ idle: 1, ended: 1, cut: 0, upgraded: 0 })
    expect(drained(policy)).toBe(1)
  })

  it('waits until all are gone that were told goodbye', async () => {
    const policy = policyOf({ zone: zoneOf(), limit: 9 })
    const [, slow] = come(policy)
    const [, quick] = come(policy)
    slow.close = () => setTimeout(() => (slow.isClosed = true), lingerMs)
    await policy.drain(longMs)
    expect([slow.isClosed, quick.isClosed]).toEqual([true, true])
  })

  it('waits a second at most for what does not close', async () => {
    const policy = policyOf({ zone: zoneOf(), limit: 9 })
    const [, parcel] = come(policy, { state: 'raw' })
    parcel.close = () => undefined
    expect(await policy.drain(0)).toEqual({ idle: 0, ended: 0, cut: 1, upgraded: 0 })
  })

  it('refuses those who wait, and lets nobody wait any more', async () => {
    const policy = policyOf({ zone: zoneOf(), limit: 1, queue: { max: 9 } })
    const [open] = come(policy, { state: 'busy' })
    const turns = ['a', 'b'].map((name) => ({ name, holder: new Holder(), decisions: [] }))
    queueUp(policy, turns[0]!)
    const report = policy.drain(longMs)
    queueUp(policy, turns[1]!)
    expect(turns.map(({ decisions }) => decisions)).toMatchObject([{ length: 1 }, { length: 1 }])
    expect(policy.zones[0]!.stats()).toMatchObject({ waiting: 0, rejected: 2 })
    open.end()
    await report
  })

  it.each([-1, 0.5, NaN, Infinity, 2 ** 31, '5', undefined, null])(
    'rejects for %p, and does nothing',
    async (ms) => {
      const policy = policyOf({ zone: zoneOf(), limit: 1, queue: { max: 9 } })
      const [holder] = come(policy)
      const waiting = queueUp(policy, { name: 'a', holder: new Holder(), decisions: [] })
      await expect(policy.drain(ms)).rejects.toMatchObject({
        code: 'ERR_LIMIT_CONN_INVALID_OPTION',
        option: 'drain ms',
        message: expect.stringContaining('expected a whole number of milliseconds from 0 to 2147483647'),
      })
      expect([holder.isEnded, waiting.decisions]).toEqual([false, []])
      waiting.holder.end()
    },
  )
})
