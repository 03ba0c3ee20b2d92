import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it, jest } from '@jest/globals'
import { Holder } from '../../lib/core/holder.ts'
import { byIp } from '../../lib/index.ts'
import { carried } from '../helpers/carrier.ts'
import { ask, policyOf, queueUp, zoneOf, type TestPolicy } from '../helpers/policies.ts'
import { come, end, queueing, statusOf, tick, told, waitingIn } from '../helpers/waiting.ts'

describe('a line', () => {
  it('lets those who wait in as slots are given back, first come first served', async () => {
    const policy = queueing({ limit: 2 })
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name) => come(policy, name))
    expect([told, waitingIn(policy)]).toEqual([['a', 'b'], [3]])
    end(b!)
    expect(told).toEqual(['a', 'b'])
    await tick()
    expect([told, statusOf(d!)]).toEqual([['a', 'b', 'c'], []])
    end(a!, c!)
    await tick()
    expect(told).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(statusOf(e!)).toEqual(['PASSED'])
    expect(policy.zones[0]!.stats()).toMatchObject({ queued: 3, waiting: 0, passed: 5, rejected: 0, peak: 2 })
    end(d!, e!)
  })

  it('lets nobody overtake who comes before the first was called', async () => {
    const policy = queueing()
    const [a, b] = ['a', 'b'].map((name) => come(policy, name))
    end(a!)
    const c = come(policy, 'c')
    const { decision } = ask(policy, new Holder(), 'a')
    expect([told, statusOf(c), decision.status]).toEqual([['a', 'b'], [], 'REJECTED'])
    end(c, b!)
    await tick()
    expect(waitingIn(policy)).toEqual([0])
  })

  it('stands under one key: those of another come in', () => {
    const policy = queueing()
    const turns = [come(policy, 'a'), come(policy, 'waits'), come(policy, 'b', ['b'])]
    expect(told).toEqual(['a', 'b'])
    end(...turns)
  })

  it('takes `max` under each key and refuses the next', () => {
    const policy = queueing({ queue: { max: 2 } })
    const turns = [1, 2, 3, 4].map((n) => come(policy, `a${n}`))
    const others = [1, 2, 3].map((n) => come(policy, `b${n}`, ['b']))
    expect([...turns, ...others].map(statusOf)).toEqual([
      ['PASSED'],
      [],
      [],
      ['REJECTED'],
      ['PASSED'],
      [],
      [],
    ])
    expect(policy.zones[0]!.stats()).toMatchObject({ queued: 4, rejected: 1, waiting: 4 })
    end(...turns, ...others)
  })

  it('lets nobody wait for a zone that is full', () => {
    const policy = queueing({ zone: zoneOf({ max: 1 }) })
    const [a, b] = [come(policy, 'a'), come(policy, 'b', ['b'])]
    expect([statusOf(b), policy.zones[0]!.stats()]).toMatchObject([['REJECTED'], { exhausted: 1, queued: 0 }])
    end(a)
  })

  it('tells how many wait on limit-conn:queued', async () => {
    const events: unknown[] = []
    const listen = (event: unknown): void => void events.push(event)
    subscribe('limit-conn:queued', listen)
    const policy = queueing({ zone: zoneOf({ name: 'mine' }) })
    const turns = ['a', 'b', 'c'].map((name) => come(policy, name))
    await Promise.resolve()
    unsubscribe('limit-conn:queued', listen)
    expect(events).toEqual([1, 2].map((waiting) => ({ zone: 'mine', waiting })))
    end(...turns)
  })
})

describe('whoever waits', () => {
  it('is refused after timeoutMs, and those behind it are looked at', async () => {
    // The second asks for less: there is room for it once nobody stands before it.
    const max = [1, 1, 2]
    const policy = queueing({ limit: () => max.shift()!, key: () => 'a' })
    const turns = ['a', 'b', 'c'].map((name) => {
      const turn = come(policy, name)
      jest.advanceTimersByTime(10)
      return turn
    })
    jest.advanceTimersByTime(979)
    expect(statusOf(turns[1]!)).toEqual([])
    jest.advanceTimersByTime(1)
    expect(statusOf(turns[1]!)).toEqual(['REJECTED'])
    await tick()
    expect([told, policy.zones[0]!.stats()]).toMatchObject([
      ['a', 'c'],
      { queued: 2, rejected: 1, waiting: 0 },
    ])
    end(...turns)
  })

  it('leaves its place when its client goes, and is told nothing', async () => {
    const policy = queueing({ queue: { max: 2 } })
    const [a, b, c] = ['a', 'b', 'c'].map((name) => come(policy, name))
    end(b!)
    const d = come(policy, 'd')
    expect([waitingIn(policy), statusOf(b!), statusOf(d)]).toEqual([[2], [], []])
    end(a!)
    await tick()
    expect(told).toEqual(['a', 'c'])
    end(c!, d)
    await tick()
    expect(policy.zones[0]!.queues.size).toBe(0)
  })

  it('is gone where it was called as its client went', async () => {
    const policy = queueing()
    const [a, b, c] = ['a', 'b', 'c'].map((name) => come(policy, name))
    end(a!, b!)
    await tick()
    expect([told, statusOf(b!)]).toEqual([['a', 'c'], []])
    end(c!)
  })

  it('is gone where its client has left in silence', async () => {
    const policy = queueing()
    const a = come(policy, 'a')
    const [holder, parcel] = carried()
    const b = queueUp(policy, { name: 'b', holder, decisions: [] }, { told })
    const c = come(policy, 'c')
    parcel.health = 'gone'
    end(a)
    await tick()
    expect([told, statusOf(b), policy.zones[0]!.stats().active]).toEqual([['a', 'c'], ['GONE'], 1])
    end(b, c)
  })

  it('is refused where the zone is full when its turn comes, under the same key or another', async () => {
    const [zone, small] = [zoneOf(), zoneOf({ max: 1 })]
    const policy = policyOf({
      limits: [zone, small].map((each) => ({ zone: each, limit: 1 })),
      queue: { max: 9 },
    })
    const [a, b] = [come(policy, 'a', ['x', '']), come(policy, 'b', ['x', 'new'])]
    const c = come(policy, 'c', ['', 'other'])
    const d = come(policy, 'd', ['', 'other'])
    end(a)
    await tick()
    expect([told, statusOf(b), waitingIn(policy)]).toEqual([['a', 'c'], ['REJECTED'], [0, 1]])
    end(c)
    const taken = small.take('t:third', new Holder())
    await tick()
    expect([statusOf(d), waitingIn(policy)]).toEqual([['REJECTED'], [0, 0]])
    small.release(taken)
  })

  it('holds nothing, also for another limit of the policy', () => {
    const [one, two] = [zoneOf({ name: 'one' }), zoneOf({ name: 'two' })]
    const policy = policyOf({ limits: [one, two].map((zone) => ({ zone, limit: 1 })), queue: { max: 9 } })
    const [a, b] = [come(policy, 'a', ['', 'x']), come(policy, 'b', ['y', 'x'])]
    expect([one.count('y'), two.stats().waiting, statusOf(b)]).toEqual([0, 1, []])
    end(a, b)
  })

  it('is let in by an eviction of its key that closes more than it must', async () => {
    const zone = zoneOf()
    const policy = queueing({ zone, limit: 3 })
    const strict = policyOf({ zone, limit: 1, onLimit: 'evict-oldest' })
    const open = [1, 2, 3].map(() => carried()[0])
    for (const holder of open) ask(policy, holder, 'a')
    const b = come(policy, 'b')
    const [newcomer] = carried()
    expect(ask(strict, newcomer, 'a').decision.passed).toBe(true)
    expect([zone.count('a'), told]).toEqual([1, []])
    await tick()
    expect([zone.count('a'), told]).toEqual([2, ['b']])
    end(b)
  })
})

describe('two limits', () => {
  const both = (first: number, second: number): TestPolicy => {
    const zones = ['one', 'two'].map((name) => zoneOf({ name }))
    const limits = [first, second].map((limit, index) => ({ zone: zones[index]!, limit }))
    return policyOf({ limits, queue: { max: 9 } })
  }

  it('have a line each: a waiter goes from one to the other, to where it belongs', async () => {
    const policy = both(1, 1)
    const [x, y] = [come(policy, 'x', ['a', '']), come(policy, 'y', ['', 'b'])]
    const first = come(policy, 'first', ['a', 'b'])
    const second = come(policy, 'second', ['', 'b'])
    expect(waitingIn(policy)).toEqual([1, 1])
    end(x)
    await tick()
    expect([told, waitingIn(policy)]).toEqual([
      ['x', 'y'],
      [0, 2],
    ])
    end(y)
    await tick()
    expect(told).toEqual(['x', 'y', 'first'])
    end(first)
    await tick()
    expect(told).toEqual(['x', 'y', 'first', 'second'])
    end(second)
  })

  it('of one address in several subnets, too: a waiter goes from one to the other', async () => {
    const key = byIp({ ipv6Subnet: [64, 48] })
    const from = (source: object): ReturnType<typeof key> =>
      key({ remoteAddress: (source as { keys: [string] }).keys[0] })
    // The third asks for more than the others.
    const max = [1, 1, 2]
    const policy = queueing({ key: from, limit: () => max.shift()! })
    const [a, waits] = ['a', 'waits'].map((name) => come(policy, name, ['2001:db8:0:1::1']))
    const b = come(policy, 'b', ['2001:db8:0:2::1'])
    end(a!)
    await tick()
    expect([told, waitingIn(policy)]).toEqual([['a', 'b'], [1]])
    end(b)
    await tick()
    expect(told).toEqual(['a', 'b', 'waits'])
    end(waits!)
  })

  it('let nobody overtake from the line of the other key', async () => {
    const policy = both(2, 1)
    const [x, y, z] = [
      ['a', ''],
      ['a', ''],
      ['', 'b'],
    ].map((keys) => come(policy, 'open', keys))
    const turns = [
      come(policy, 'first', ['a', '']),
      come(policy, 'second', ['', 'b']),
      come(policy, 'third', ['a', 'b']),
    ]
    told.length = 0
    // When the first line is called there is room for the third too, but the second was not called yet.
    end(x!, y!, z!)
    await tick()
    expect(turns.map(statusOf)).toEqual([['PASSED'], ['PASSED'], []])
    end(turns[1]!)
    await tick()
    expect(statusOf(turns[2]!)).toEqual(['PASSED'])
    end(...turns)
  })
})
