import { describe, expect, it } from '@jest/globals'
import type { OnLimit } from '../../lib/core/evict.ts'
import { Holder } from '../../lib/core/holder.ts'
import { byIp } from '../../lib/index.ts'
import { carried, type Parcel } from '../helpers/carrier.ts'
import { closedOf, evicting, fill, newcomer } from '../helpers/evicting.ts'
import { ask, change, nth, policyOf, zoneOf } from '../helpers/policies.ts'

describe('who makes room', () => {
  it.each<[string, OnLimit, readonly Partial<Parcel>[], number[]]>([
    ['the oldest', 'evict-oldest', [{ quietSinceMs: 9 }, { quietSinceMs: 1 }, {}], [0]],
    ['the oldest, also if it is busy', 'evict-oldest', [{ state: 'busy' }, {}, {}], [0]],
    [
      'the longest silent',
      'evict-idle',
      [{ quietSinceMs: 9 }, { quietSinceMs: 1 }, { quietSinceMs: 5 }],
      [1],
    ],
    [
      'one that does nothing before a busy one',
      'evict-idle',
      [{ state: 'busy' }, { quietSinceMs: 9 }, { state: 'busy' }],
      [1],
    ],
    [
      'a silent WebSocket or raw socket before a busy one',
      'evict-idle',
      [{ state: 'busy' }, { state: 'raw', quietSinceMs: 9 }, { state: 'upgraded', quietSinceMs: 8 }],
      [2],
    ],
    [
      'a busy one where all are, the longest silent',
      'evict-idle',
      [
        { state: 'busy', quietSinceMs: 2 },
        { state: 'busy', quietSinceMs: 1 },
        { state: 'busy', quietSinceMs: 3 },
      ],
      [1],
    ],
    [
      'of two alike the older one',
      'evict-idle',
      [{ quietSinceMs: 5 }, { quietSinceMs: 4 }, { quietSinceMs: 4 }],
      [1],
    ],
    [
      'of two busy ones alike the older one',
      'evict-idle',
      [
        { state: 'busy', quietSinceMs: 5 },
        { state: 'busy', quietSinceMs: 4 },
        { state: 'busy', quietSinceMs: 4 },
      ],
      [1],
    ],
    [
      'of those that nobody heeds the oldest',
      'evict-idle',
      [{ quietSinceMs: Infinity }, { quietSinceMs: Infinity }, { quietSinceMs: Infinity }],
      [0],
    ],
    ['one that is its own', 'evict-oldest', [{ isOwn: false }, {}, {}], [1]],
    [
      'one that is its own, however busy',
      'evict-idle',
      [{ isOwn: false }, { state: 'busy' }, { isOwn: false }],
      [1],
    ],
  ])('is %s', (...[, onLimit, parcels, expected]) => {
    const policy = evicting(onLimit)
    const filled = fill(policy, parcels)
    expect(ask(policy, newcomer(), 'a').decision).toMatchObject({ status: 'PASSED', active: 3, limit: 3 })
    expect(closedOf(filled)).toEqual(expected)
  })

  it('is found without asking the state of all: of those it may be only', () => {
    const policy = evicting('evict-idle', 1_000)
    let asked = 0
    fill(
      policy,
      [...Array(1_000).keys()].map((n) => ({ quietSinceMs: n + 1 })),
    ).forEach((parcel) => Object.defineProperty(parcel, 'state', { get: () => (asked++, 'idle') }))
    expect(ask(policy, newcomer(), 'a').decision.passed).toBe(true)
    expect(asked).toBe(1)
  })

  it('is nobody under another key', () => {
    const policy = evicting('evict-oldest', 1)
    const [other] = fill(policy, [{}], 'b')
    const [victim] = fill(policy, [{}], 'a')
    expect([ask(policy, newcomer(), 'a').decision.passed, victim!.isClosed, other!.isClosed]).toEqual([
      true,
      true,
      false,
    ])
  })

  it.each(['evict-oldest', 'evict-idle'] as const)('heeds what it lets in for %s alone', (onLimit) => {
    const [parcel] = fill(evicting(onLimit), [{}])
    expect(parcel!.isHeeded).toBe(onLimit === 'evict-idle')
  })

  it('is as many as it takes after the limit was lowered, the oldest first', () => {
    const policy = evicting('evict-oldest', 5)
    const filled = fill(policy, [{}, {}, {}, {}, {}])
    change(policy, { limit: 2 })
    expect(ask(policy, newcomer(), 'a').decision).toMatchObject({ status: 'PASSED', active: 2, limit: 2 })
    expect(closedOf(filled)).toEqual([0, 1, 2, 3])
    expect(policy.zones[0]!.stats()).toMatchObject({ evicted: 4, active: 2, rejected: 0, peak: 5 })
  })

  it('is as many as it takes, the longest silent first, and busy ones last', () => {
    const policy = evicting('evict-idle', 6)
    const [busy, idle] = [{ state: 'busy' as const }, {}]
    const silent = [5, 9, 4, 6, 4, 7].map((quietSinceMs, index) => ({
      ...(index % 3 === 0 ? busy : idle),
      quietSinceMs,
    }))
    const filled = fill(policy, silent)
    for (const [limit, closed] of [
      [5, [2, 4]],
      [2, [0, 1, 2, 4, 5]],
    ] as const) {
      change(policy, { limit })
      ask(policy, newcomer(), 'a')
      expect(closedOf(filled)).toEqual(closed)
    }
  })

  it('is one for both limits where one has a slot in each, and two where not', () => {
    const [one, two] = [zoneOf({ name: 'one' }), zoneOf({ name: 'two' })]
    const limits = [one, two].map((zone) => ({ zone, limit: 1, onLimit: 'evict-oldest' as const }))
    const policy = policyOf({ limits })
    const [both] = fill(policy, [{}], 'a', 'b')
    ask(policy, newcomer(), 'a', 'b')
    expect([both!.isClosed, one.stats().evicted, two.stats().evicted]).toEqual([true, 1, 0])

    const [other] = fill(policy, [{}], 'c', 'd')
    const [another] = fill(policy, [{}], 'e', 'f')
    expect(ask(policy, newcomer(), 'c', 'f').decision.passed).toBe(true)
    expect([other!.isClosed, another!.isClosed]).toEqual([true, true])
    expect([one.stats(), two.stats()]).toMatchObject([
      { evicted: 2, active: 2 },
      { evicted: 1, active: 2 },
    ])
  })

  it('is looked for in each subnet of an address', () => {
    const policy = policyOf({ limit: 2, key: byIp({ ipv6Subnet: [64, 48] }), onLimit: 'evict-oldest' })
    const come = (subnet: number): [boolean, Parcel] => {
      const [holder, parcel] = carried()
      const evaluation = policy.evaluate([{ socket: { remoteAddress: `2001:db8:0:${subnet}::1` } }])
      return [policy.enter(holder, evaluation as never).decision.passed, parcel]
    }
    const found = [come(1), come(2), come(3)]
    expect(found.map(([passed, { isClosed }]) => [passed, isClosed])).toEqual([
      [true, true],
      [true, false],
      [true, false],
    ])
    expect(policy.zones[0]!.count('2001:db8::/48')).toBe(2)
  })
})

describe('nobody is closed', () => {
  const refused = { status: 'REJECTED', passed: false }

  it.each<[string, readonly Partial<Parcel>[]]>([
    ['all belong to others', [{ isOwn: false }, { isOwn: false }, { isOwn: false }]],
    ['some belong to others, and there are too few', [{ isOwn: false }, {}, { isOwn: false }]],
  ])('where %s', (_, parcels) => {
    const policy = evicting('evict-oldest')
    const filled = fill(policy, parcels)
    change(policy, { limit: 2 })
    expect(ask(policy, newcomer(), 'a').decision).toMatchObject({ ...refused, active: 3 })
    expect(closedOf(filled)).toEqual([])
    expect(policy.zones[0]!.stats()).toMatchObject({ evicted: 0, rejected: 1 })
  })

  it('where nothing carries them', () => {
    const policy = evicting('evict-idle', 1)
    const bare = new Holder()
    ask(policy, bare, 'a')
    expect(ask(policy, newcomer(), 'a').decision).toMatchObject(refused)
    expect(bare.isEnded).toBe(false)
  })

  it.each([
    ['is carried by nothing', new Holder()] as const,
    ['is not on its own', carried({ isOwn: false })[0]],
  ])('for a newcomer that %s', (_, holder) => {
    const policy = evicting('evict-oldest', 1)
    const filled = fill(policy, [{}])
    expect(ask(policy, holder, 'a').decision).toMatchObject(refused)
    expect(closedOf(filled)).toEqual([])
  })

  it('where the only one is the connection that the newcomer came over', () => {
    const policy = evicting('evict-oldest', 1)
    const [connection, parcel] = carried()
    ask(policy, connection, 'a')
    const [upgraded] = carried({}, connection)
    upgraded.carriedBy(parcel)
    expect(ask(policy, upgraded, 'a').decision).toMatchObject(refused)
    expect([parcel.isClosed, connection.isEnded]).toEqual([false, false])
  })

  it('by a dry run, which lets the newcomer in above the limit', () => {
    const policy = policyOf({ zone: zoneOf(), limit: 1, onLimit: 'evict-oldest', dryRun: true })
    const filled = fill(policy, [{}])
    expect(ask(policy, newcomer(), 'a').decision).toMatchObject({ status: 'REJECTED_DRY_RUN', active: 2 })
    expect(closedOf(filled)).toEqual([])
  })

  it.each([
    ['before', 0],
    ['behind', 1],
  ] as const)('where a limit %s refuses and makes no room', (_, index) => {
    const limits = [0, 1].map((each) => {
      const onLimit: OnLimit = each === index ? 'reject' : 'evict-oldest'
      return { zone: zoneOf({ name: `z${each}` }), limit: 1, onLimit }
    })
    const policy = policyOf({ limits })
    const filled = fill(policy, [{}], 'a', 'b')
    const { decision, hits } = ask(policy, newcomer(), 'a', 'b')
    expect(decision).toMatchObject({ ...refused, zone: 'z0' })
    expect(hits.map(({ kind }) => kind)).toEqual(['rejected'])
    expect(closedOf(filled)).toEqual([])
    expect(policy.zones.map((zone) => zone.stats().active)).toEqual([1, 1])
  })

  it('where another limit has too few to close', () => {
    const limits = [0, 1].map((each) => {
      return { zone: zoneOf({ name: `z${each}` }), limit: 1, onLimit: 'evict-oldest' as const }
    })
    const policy = policyOf({ limits })
    const filled = [...fill(policy, [{}], 'a', 'x'), ...fill(policy, [{ isOwn: false }], 'y', 'b')]
    expect(ask(policy, newcomer(), 'a', 'b').decision).toMatchObject(refused)
    expect(closedOf(filled)).toEqual([])
  })

  it('where the zone is full, or the connection has too many keys', () => {
    const full = policyOf({ zone: zoneOf({ max: 1 }), limit: 1, onLimit: 'evict-oldest' })
    const crowded = policyOf({ limit: 1, onLimit: 'evict-oldest', maxKeysPerConnection: 1 })
    const filled = [...fill(full, [{}]), ...fill(crowded, [{}], 'b')]
    const [connection] = carried()
    crowded.enter(connection, crowded.evaluate([{ keys: ['a'] }]) as never, new Holder(connection))

    expect(ask(full, newcomer(), 'b').decision).toMatchObject(refused)
    expect(ask(crowded, connection, 'b').decision).toMatchObject(refused)
    expect(closedOf(filled)).toEqual([])
  })

  it('where a function answers that the limit is 0', () => {
    let limit = 1
    const policy = policyOf({ limit: () => limit, key: nth(0), onLimit: 'evict-oldest' })
    const filled = fill(policy, [{}])
    limit = 0
    for (const key of ['a', 'new'])
      expect(ask(policy, newcomer(), key).decision).toMatchObject({ ...refused, limit: 0 })
    expect(closedOf(filled)).toEqual([])
  })
})
