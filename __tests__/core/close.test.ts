import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import type { ClosedEvent } from '../../lib/core/channels.ts'
import { lingerMs } from '../../lib/core/carrier.ts'
import { Holder } from '../../lib/core/holder.ts'
import { byIp, Limiter } from '../../lib/index.ts'
import { carried, type Parcel } from '../helpers/carrier.ts'
import { Child } from '../helpers/child.ts'
import { ask, change, policyOf, queueUp, zoneOf } from '../helpers/policies.ts'

/** Ends when it is destroyed, as a socket does. */
class Thing extends EventEmitter {
  destroyed = false

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

const key = (): string => 'a'
const told: ClosedEvent[] = []
const listen = (event: unknown): void => void told.push(event as ClosedEvent)

/** Holders that came in one after the other, and what carries them. */
function fill(policy: ReturnType<typeof policyOf>, n: number, ...keys: string[]): [Holder, Parcel][] {
  return Array.from({ length: n }, () => {
    const pair = carried()
    ask(policy, pair[0], ...(keys.length > 0 ? keys : ['a']))
    return pair
  })
}

const closedOf = (pairs: readonly [Holder, Parcel][]): number[] =>
  [...pairs.keys()].filter((index) => pairs[index]![1].isClosed)

afterEach(() => {
  jest.useRealTimers()
  unsubscribe('limit-conn:closed', listen)
  told.length = 0
})

describe('onEvict', () => {
  it('is called once, with what is closed and why, when the newcomer has its slot', () => {
    const calls: unknown[] = []
    const policy = policyOf({
      zone: zoneOf(),
      limit: 1,
      onLimit: 'evict-oldest',
      onEvict: (socket, cause) => calls.push([socket, cause, policy.zones[0]!.stats().active]),
    })
    const [[victim, parcel]] = fill(policy, 1) as [[Holder, Parcel]]
    const [newcomer] = carried()
    ask(policy, newcomer, 'a')
    ask(policy, newcomer, 'a')
    expect(calls).toEqual([[parcel, 'evicted', 1]])
    expect([victim.isEnded, newcomer.slots.length]).toEqual([true, 1])
  })

  it('is called once for each function, of all policies and limits that let it in', () => {
    const shared = jest.fn()
    const own = jest.fn()
    const [zone, other] = [zoneOf(), zoneOf({ name: 'other' })]
    const one = policyOf({ limits: [zone, other].map((each) => ({ zone: each, limit: 9 })), onEvict: shared })
    const [two, three] = [own, shared].map((onEvict) => policyOf({ zone, limit: 9, onEvict }))
    const stranger = policyOf({ zone, limit: 9, onEvict: () => expect(true).toBe(false) })
    const [holder, parcel] = carried()
    ask(one, holder, 'a', 'b')
    for (const policy of [two!, three!]) ask(policy, holder, 'a')
    ask(stranger, carried()[0], 'c')

    expect(zone.kick('a')).toBe(1)
    expect([shared.mock.calls, own.mock.calls]).toEqual([[[parcel, 'kicked']], [[parcel, 'kicked']]])
  })

  it('may let others in: the count stays within the limit', () => {
    const most: number[] = []
    let depth = 0
    const limiter = new Limiter({
      limit: 2,
      key,
      onLimit: 'evict-oldest',
      onEvict: () => {
        most.push(limiter.numOpen('a'))
        if (++depth < 5) limiter.accept(new Thing())
        most.push(limiter.numOpen('a'))
      },
    })
    for (let i = 0; i < 3; i++) limiter.accept(new Thing())
    expect(limiter.zones[0]!.stats()).toMatchObject({ active: 2, peak: 2, evicted: 5, passed: 7 })
    expect(new Set(most)).toEqual(new Set([2]))
  })

  it('may kick, change the options, and destroy others', () => {
    const things = [new Thing(), new Thing(), new Thing()]
    const limiter = new Limiter({
      limit: 3,
      key,
      onLimit: 'evict-oldest',
      onEvict: (_, cause) => {
        if (cause !== 'evicted') return
        limiter.setConfig({ limit: 9 })
        things[1]!.destroy()
        expect(limiter.zones[0]!.kick('a')).toBe(2)
      },
    })
    for (const thing of things) limiter.accept(thing)
    const { status, active } = limiter.accept(new Thing()) as { status: unknown; active: unknown }
    expect([status, active, limiter.numOpen('a')]).toEqual(['GONE', undefined, 0])
    expect(limiter.zones[0]!.stats()).toMatchObject({ evicted: 1, kicked: 2, active: 0 })
    expect(limiter.config.limit).toBe(9)
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('boom')
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom'))],
  ])('harms nobody when it %s: the others are called and closed', async (_, fail) => {
    jest.useFakeTimers()
    const other = jest.fn()
    const unhandled = jest.fn()
    process.on('unhandledRejection', unhandled)
    const zone = zoneOf()
    const limiters = [fail, other].map((onEvict) => new Limiter({ zone, key, limit: 2, onEvict }))
    const things = [new Thing(), new Thing()]
    for (const thing of things) for (const limiter of limiters) limiter.accept(thing)

    expect(zone.kick('a')).toBe(2)
    expect([zone.stats().active, other.mock.calls.length]).toEqual([0, 2])
    jest.advanceTimersByTime(lingerMs)
    expect(things.map(({ destroyed }) => destroyed)).toEqual([true, true])
    jest.useRealTimers()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('has a moment to be heard; without it, nobody waits', () => {
    jest.useFakeTimers()
    const [heard, untold] = [() => undefined, undefined].map((onEvict) => {
      const limiter = new Limiter({ limit: 1, key, ...(onEvict && { onEvict }) })
      const thing = new Thing()
      limiter.accept(thing)
      limiter.zones[0]!.kick('a')
      return thing
    })
    expect([heard!.destroyed, untold!.destroyed]).toEqual([false, true])
    jest.advanceTimersByTime(lingerMs - 1)
    expect(heard!.destroyed).toBe(false)
    jest.advanceTimersByTime(1)
    expect(heard!.destroyed).toBe(true)
  })
})

describe('a source whose destroy throws', () => {
  it('is counted no more, keeps nobody from being closed, and makes accept throw nothing', () => {
    const limiter = new Limiter({ limit: 2, key, onLimit: 'evict-oldest' })
    const destroy = (): never => {
      throw new Error('boom')
    }
    const things = [Object.assign(new Thing(), { destroy }), new Thing()]
    for (const thing of things) limiter.accept(thing)
    limiter.setConfig({ limit: 1 })
    expect(limiter.accept(new Thing())).toMatchObject({ status: 'PASSED', active: 1 })
    expect([things[1]!.destroyed, limiter.numOpen('a')]).toEqual([true, 1])
  })
})

describe('kick', () => {
  it('ends requests that are counted by themselves, and counts what it closed', () => {
    const policy = policyOf({ zone: zoneOf(), limit: 9 })
    const [zone] = policy.zones
    const [request, parcel] = carried({ isOwn: false })
    const bare = new Holder()
    for (const holder of [request, bare]) ask(policy, holder, 'a')
    expect([zone!.kick('a'), zone!.kick('a'), zone!.kick('b')]).toEqual([1, 0, 0])
    expect([parcel.isClosed, zone!.count('a'), zone!.stats().kicked]).toEqual([true, 1, 1])
  })

  it.each([
    ['192.0.2.1', '192.0.2.1', 1],
    ['192.0.2.1', '::ffff:192.0.2.1', 1],
    ['192.0.2.1', '64:ff9b::192.0.2.1', 1],
    ['192.0.2.1', { text: '192.0.2.1' }, 0],
    ['2001:db8:0:1::1', '2001:db8:0:1:ffff::9', 1],
    ['2001:db8:0:1::1', '2001:db8::/56', 1],
    ['2001:db8:0:1::1', '2001:db8:1::1', 0],
  ])('closes %s as %p', (remoteAddress, text, closed) => {
    const policy = policyOf({ zone: zoneOf(), limit: 9, key: byIp() })
    const [holder] = carried()
    policy.enter(holder, policy.evaluate([{ socket: { remoteAddress } }]) as never)
    expect([policy.zones[0]!.kick(text), holder.isEnded]).toEqual([closed, closed === 1])
  })

  it('throws for what is no key', () => {
    const code = 'ERR_LIMIT_CONN_INVALID_OPTION'
    expect(() => zoneOf().kick(null as never)).toThrow(expect.objectContaining({ code }))
  })
})

describe('closeExcess', () => {
  it('closes the newest beyond the limit that this policy let in, under each key', () => {
    const zone = zoneOf()
    const [policy, other] = [policyOf({ zone, limit: 5 }), policyOf({ zone, limit: 9 })]
    const [mine, hers, newest, b] = [fill(policy, 3), fill(other, 1), fill(policy, 1), fill(policy, 2, 'b')]
    change(policy, { limit: 2 }, { closeExcess: true })
    expect([mine, hers, newest, b].map(closedOf)).toEqual([[1, 2], [], [0], []])
    expect([zone.count('a'), zone.stats().trimmed]).toEqual([2, 3])
  })

  it.each([
    ['without it', { limit: 1 }, false],
    ['of a dry run', { limit: 1, dryRun: true }, true],
    ['of a function', { limit: () => 1 }, true],
    ['of a limit that was raised', { limit: 4 }, true],
  ])('closes nobody %s', (_, next, closeExcess) => {
    const policy = policyOf({ zone: zoneOf(), limit: 3 })
    const filled = fill(policy, 3)
    change(policy, next, { closeExcess })
    expect([closedOf(filled), policy.zones[0]!.stats().trimmed]).toEqual([[], 0])
  })

  it('lets none of those who wait in by the limit that was', () => {
    const names: string[] = []
    const policy = policyOf({ zone: zoneOf(), limit: 3, queue: { max: 9 }, onEvict: () => visit() })
    const visit = (): unknown => ask(policy, new Holder(), '')
    fill(policy, 3)
    const turns = ['first', 'second'].map((name) => {
      return queueUp(policy, { name, holder: new Holder(), decisions: [] }, { told: names })
    })
    change(policy, { limit: 1 }, { closeExcess: true })
    expect([names, policy.zones[0]!.stats()]).toMatchObject([[], { active: 1, waiting: 2, trimmed: 2 }])
    for (const { holder } of turns) holder.end()
  })
})

describe('limit-conn:closed', () => {
  it('tells each zone in which it counts, and the cause', async () => {
    subscribe('limit-conn:closed', listen)
    const policy = policyOf({ zone: zoneOf({ name: 'mine' }), limit: 1, onLimit: 'evict-idle' })
    fill(policy, 2)
    policy.zones[0]!.kick('a')
    fill(policy, 1)[0]![0].end()
    await Promise.resolve()
    expect(told).toEqual([
      { zone: 'mine', cause: 'evicted' },
      { zone: 'mine', cause: 'kicked' },
    ])
  })

  it('has no say: a listener that throws is an uncaught exception of its own, later', async () => {
    const child = new Child([
      '-e',
      `const { Limiter } = require('./dist')
      const { EventEmitter } = require('node:events')
      require('node:diagnostics_channel').subscribe('limit-conn:closed', () => { throw new Error('theirs') })
      process.on('uncaughtException', ({ message }) => console.log('uncaught', message))
      const limiter = new Limiter({ limit: 1, key: () => 'a', onLimit: 'evict-oldest' })
      const sources = [1, 2].map(() => Object.assign(new EventEmitter(), { destroy() { console.log('destroyed') } }))
      for (const source of sources) console.log(limiter.accept(source).status)`,
    ])
    expect(await child.exit()).toBe(0)
    expect(child.stdout).toBe('PASSED\ndestroyed\nPASSED\nuncaught theirs\n')
  })
})

it('what nothing can close stays counted: kick and closeExcess leave it, eviction refuses the newcomer', () => {
  const limiter = new Limiter({ limit: 2, key, onLimit: 'evict-oldest' })
  const [zone] = limiter.zones
  const stuck = [new EventEmitter(), new EventEmitter()]
  for (const source of stuck) limiter.accept(source)

  expect(limiter.accept(new EventEmitter())).toMatchObject({ status: 'REJECTED' })
  expect(zone!.kick('a')).toBe(0)
  limiter.setConfig({ limit: 1 }, { closeExcess: true })
  expect(zone!.stats()).toMatchObject({ active: 2, evicted: 0, kicked: 0, trimmed: 0 })

  for (const source of stuck) source.emit('close')
  expect(zone!.stats().active).toBe(0)
})
