import { EventEmitter } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { byIp, Limiter, Zone } from '../../lib/index.ts'

const candidates = [1, 2, 3, 5, 8]

/** Who may show another key, or another address, later. */
class Client extends EventEmitter {
  key: string

  constructor(key: string) {
    super()
    this.key = key
  }
}

const keyOf = (source: object): string => (source as Client).key
const subnets = byIp({ ipv6Subnet: [64, 48] })
/** Of a new object each time: the address of a connection is remembered. */
const subnetsOf = (source: object): never =>
  subnets({ remoteAddress: (source as { remoteAddress: string }).remoteAddress }) as never

/** Each candidate counts under each key the slots that it would have given. */
function expectOwnSlots(zone: Zone): void {
  for (const record of zone.allRecords()) {
    const slots = [...record.slots()]
    const given = zone.trials.candidates.map(
      (_, i) => slots.filter(({ refusedBy }) => !(refusedBy & (1 << i))).length,
    )
    expect(record.trials?.active ?? given).toEqual(given)
  }
}

describe('candidates, where a client has several keys,', () => {
  it('let a client in under all its subnets, or under none, as the limit does', () => {
    const aClient = fc
      .constantFrom('0:1::', '0:2::', '0:3::', '1:1::', '1:2::')
      .map((text) => `2001:db8:${text}1`)
    const aVisit = fc.record({
      address: aClient,
      isOpen: fc.constantFrom(true, true, false),
      which: fc.nat({ max: 50 }),
    })
    fc.assert(
      fc.property(fc.array(aVisit, { maxLength: 150, size: 'max' }), (steps) => {
        const zone = new Zone({ name: 'z', candidates, maxIdle: 16 })
        const limiter = new Limiter({ zone, limit: 2, dryRun: true, key: subnetsOf })
        const limits = [1, 2, 3, 5, 8].map((limit) => new Limiter({ limit, key: subnetsOf }))
        const open: Client[] = []
        const refused = limits.map(() => 0)
        for (const { address, isOpen, which } of steps) {
          const client = Object.assign(new Client(''), { remoteAddress: address })
          if (isOpen) {
            for (const [i, limit] of limits.entries())
              if (!(limit.accept(client) as { passed: boolean }).passed) refused[i]!++
            limiter.accept(client)
            open.push(client)
          } else open.splice(which % (open.length || 1), 1)[0]?.emit('close')
        }
        const { arrivals, candidates: found } = zone.advise()
        expect(arrivals).toBe(steps.filter(({ isOpen }) => isOpen).length)
        expect(found.map(({ rejected }) => rejected)).toEqual(refused)
        expect(found.every(({ exactness }) => exactness === 'exact')).toBe(true)
        for (const client of open) client.emit('close')
        expect([zone, ...limits.map(({ zones }) => zones[0]!)].map((each) => each.stats().active)).toEqual(
          Array(6).fill(0),
        )
      }),
      { numRuns: 200 },
    )
  })

  it('have the slots of those whom they let in, and no others, wherever a client moves and what it finds there', () => {
    const anAddress = fc
      .tuple(fc.nat({ max: 1 }), fc.nat({ max: 2 }))
      .map(([site, net]) => `2001:db8:${site}:${net}::1`)
    const aStep = fc.record({
      what: fc.constantFrom('open', 'open', 'move', 'close', 'reset'),
      address: anAddress,
      which: fc.nat({ max: 20 }),
    })
    const aStory = fc.record({
      max: fc.constantFrom(2, 3, 1_000),
      onFull: fc.constantFrom('reject', 'pass'),
      limit: fc.integer({ min: 1, max: 4 }),
      dryRun: fc.boolean(),
      steps: fc.array(aStep, { maxLength: 60, size: 'max' }),
    })
    fc.assert(
      fc.property(aStory, ({ max, onFull, limit, dryRun, steps }) => {
        const zone = new Zone({ name: 'z', candidates: [1, 2, 3], max, onFull, maxIdle: 2 })
        const policies = [subnetsOf, byIp({ ipv6Subnet: 64 })].map(
          (key, i) => new Limiter({ zone, key: key as typeof subnetsOf, limit: limit + i, dryRun }),
        )
        const clients: Client[] = []
        for (const { what, address, which } of steps) {
          const client = what === 'open' ? new Client('') : clients[which % (clients.length || 1)]
          if (what === 'reset') zone.reset()
          else if (what === 'close') clients.splice(clients.indexOf(client!), 1)[0]?.emit('close')
          else if (client)
            for (const policy of policies) policy.accept(Object.assign(client, { remoteAddress: address }))
          if (what === 'open') clients.push(client!)
          expectOwnSlots(zone)
        }
        for (const client of clients) client.emit('close')
        expectOwnSlots(zone)
        expect(zone.stats().active).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  it('let in nobody under a new subnet whom they have refused under the one that it keeps', () => {
    const limits = [true, false].map((dryRun) => {
      const zone = new Zone({ name: 'z', candidates: [1] })
      const limiter = new Limiter({ zone, limit: 1, dryRun, key: subnetsOf })
      const [stays, moves] = [1, 2].map(() =>
        Object.assign(new Client(''), { remoteAddress: '2001:db8:0:1::1' }),
      )
      limiter.accept(stays!)
      for (let n = 1; n < 9; n++) {
        moves!.remoteAddress = `2001:db8:0:${n}::1`
        limiter.accept(moves!)
      }
      const {
        arrivals,
        candidates: [only],
      } = zone.advise()
      for (const client of [stays!, moves!]) client.emit('close')
      expect(zone.stats().active).toBe(0)
      return [arrivals, only!.rejected, only!.exactness]
    })
    expect(limits).toEqual([
      [9, 8, 'exact'],
      [9, 8, 'exact'],
    ])
  })

  it.each(['enforced', 'dry', 'passed'])(
    'count who finds no room in the zone once for each key, %s',
    (how) => {
      const zone = new Zone({
        name: 'z',
        candidates: [1],
        max: 1,
        onFull: how === 'passed' ? 'pass' : 'reject',
      })
      const limiter = new Limiter({ zone, limit: 1, dryRun: how === 'dry', key: keyOf })
      const [inside, wanderer] = [new Client('inside'), new Client('')]
      limiter.accept(inside)
      for (const key of ['a', 'b', 'c', 'a', 'c']) {
        wanderer.key = key
        limiter.accept(wanderer)
      }
      expect(zone.advise().arrivals).toBe(4)
      for (const client of [inside, wanderer]) client.emit('close')
      expect(zone.stats().active).toBe(0)
    },
  )

  it('count who is refused once for each key, however often it asks', () => {
    const zone = new Zone({ name: 'z', candidates: [1, 2] })
    const limiter = new Limiter({ zone, limit: 1, key: keyOf })
    const inside = ['a', 'b'].map((key) => new Client(key))
    for (const client of inside) limiter.accept(client)
    const wanderer = new Client('a')
    for (const key of ['a', 'b', 'a', 'b', 'b']) {
      wanderer.key = key
      expect(limiter.accept(wanderer)).toMatchObject({ passed: false })
    }
    expect(zone.advise()).toMatchObject({
      arrivals: 4,
      candidates: [
        { limit: 1, rejected: 2, keys: 2, exactness: 'exact' },
        { limit: 2, rejected: 0, exactness: 'estimate' },
      ],
    })
    for (const client of [...inside, wanderer]) client.emit('close')
    expect(zone.stats().active).toBe(0)
  })

  it('are estimates where a later refusal would not have been theirs, also of who was refused before', () => {
    const zone = new Zone({ name: 'z', candidates: [1, 2, 5] })
    const limitOf = (source: object): number => ((source as Client).key === 'a' ? 2 : 1)
    const limiter = new Limiter({ zone, limit: limitOf, key: keyOf })
    const inside = ['a', 'a', 'b'].map((key) => new Client(key))
    for (const client of inside) limiter.accept(client)
    const wanderer = new Client('a')
    const exact = (): number[] =>
      zone.advise().candidates.flatMap(({ limit, exactness }) => (exactness === 'exact' ? [limit] : []))
    limiter.accept(wanderer)
    expect(exact()).toEqual([1, 2])
    wanderer.key = 'b'
    limiter.accept(wanderer)
    expect(exact()).toEqual([1])
    for (const client of [...inside, wanderer]) client.emit('close')
    expect(zone.stats().active).toBe(0)
  })
})
