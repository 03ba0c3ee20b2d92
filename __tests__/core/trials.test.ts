import { EventEmitter } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { Limiter, Zone } from '../../lib/index.ts'

const candidates = [1, 2, 3, 5, 8]

class Client extends EventEmitter {
  readonly key: string

  constructor(key: string) {
    super()
    this.key = key
  }
}

/** What came and went, in order. */
interface Trace {
  readonly steps: { readonly what: 'came' | 'went'; readonly client: Client }[]
  readonly open: Client[]
  readonly zone: Zone
}

type Accepts = Pick<Limiter, 'accept'>

const aStep = fc.record({
  what: fc.constantFrom('open', 'open', 'open', 'close', 'close', 'reset'),
  key: fc.constantFrom('a', 'a', 'a', 'b', 'c'),
  which: fc.nat({ max: 50 }),
})
type Step = { readonly what: string; readonly key: string; readonly which: number }

const aStory = fc.record({
  limit: fc.integer({ min: 1, max: 9 }),
  dryRun: fc.boolean(),
  steps: fc.array(aStep, { minLength: 1, maxLength: 150, size: 'max' }),
})

const keyOf = (source: object): string => (source as Client).key

function play({ limit, dryRun, steps }: { limit: number; dryRun: boolean; steps: readonly Step[] }): Trace {
  const zone = new Zone({ name: 'z', candidates, maxIdle: 16 })
  return playOn(zone, new Limiter({ zone, limit, dryRun, key: keyOf }), steps)
}

function playOn(zone: Zone, limiter: Accepts, steps: readonly Step[]): Trace {
  const trace: Trace = { steps: [], open: [], zone }
  for (const { what, key, which } of steps) {
    if (what === 'open') {
      const client = new Client(key)
      trace.steps.push({ what: 'came', client })
      if ((limiter.accept(client) as { passed: boolean }).passed) trace.open.push(client)
    }
    const [gone] = what === 'close' ? trace.open.splice(which % (trace.open.length || 1), 1) : []
    gone?.emit('close')
    if (gone) trace.steps.push({ what: 'went', client: gone })
  }
  return trace
}

/** What a limit would have done, counted in the plainest way. Who was refused in truth stays for no time. */
function replay({ steps }: Trace, limit: number): { rejected: number; keys: number } {
  const inside = new Map<string, Set<Client>>()
  const stays = new Set(steps.filter(({ what }) => what === 'went').map(({ client }) => client))
  const hit = new Map<string, number>()
  for (const { what, client } of steps) {
    const there = inside.get(client.key) ?? new Set<Client>()
    inside.set(client.key, there)
    if (what === 'went') there.delete(client)
    else if (there.size >= limit) hit.set(client.key, (hit.get(client.key) ?? 0) + 1)
    else if (stays.has(client)) there.add(client)
  }
  return { rejected: [...hit.values()].reduce((sum, n) => sum + n, 0), keys: hit.size }
}

function closeAll({ open, zone, steps }: Trace): void {
  for (const client of open.splice(0)) {
    client.emit('close')
    steps.push({ what: 'went', client })
  }
  expect([zone.stats().active, zone.audit().isClean]).toEqual([0, true])
}

describe('candidates', () => {
  it('come to what a replay of all that came and went comes to, in a dry run', () => {
    fc.assert(
      fc.property(aStory, (story) => {
        const trace = play({ ...story, dryRun: true })
        closeAll(trace)
        for (const { limit, rejected, keys, exactness } of trace.zone.advise().candidates)
          expect({ limit, rejected, keys, exactness }).toEqual({
            limit,
            ...replay(trace, limit),
            exactness: 'exact',
          })
      }),
      { numRuns: 500 },
    )
  })

  it('come to it beside a limit in force, as far as that reaches; the others say that they are estimates', () => {
    fc.assert(
      fc.property(aStory, (story) => {
        const trace = play({ ...story, dryRun: false })
        closeAll(trace)
        const { candidates: found, refusedAt } = trace.zone.advise()
        for (const { limit, rejected, exactness } of found)
          expect({ limit, rejected, exactness }).toEqual({
            limit,
            rejected: replay(trace, limit).rejected,
            exactness: refusedAt === null || limit <= refusedAt ? 'exact' : 'estimate',
          })
      }),
      { numRuns: 500 },
    )
  })

  it('count those whom another limit of the policy refused, or who found no room for their key', () => {
    fc.assert(
      fc.property(aStory, fc.integer({ min: 1, max: 3 }), ({ limit, dryRun, steps }, max) => {
        const zone = new Zone({ name: 'z', candidates, max, maxIdle: 16 })
        const all = { zone: new Zone({ name: 'all' }), key: () => 'all', limit }
        const first = { zone, key: keyOf, limit: 1_000 }
        const trace = playOn(zone, new Limiter({ limits: dryRun ? [first, all] : [all, first] }), steps)
        closeAll(trace)
        const { candidates: found, arrivals, refusedAt } = zone.advise()
        const came = trace.steps.filter(({ what }) => what === 'came')
        expect([arrivals, refusedAt]).toEqual([came.length, null])
        for (const { limit: tried, rejected, keys, exactness } of found)
          expect({ rejected, keys, exactness }).toEqual({ ...replay(trace, tried), exactness: 'exact' })
      }),
      { numRuns: 500 },
    )
  })

  it('that were not tried are told as upper bounds: none is below the truth, or above a lower limit', () => {
    fc.assert(
      fc.property(aStory, (story) => {
        const trace = play({ ...story, dryRun: true })
        closeAll(trace)
        const found = trace.zone.advise({ limits: [4, 6, 7] }).candidates
        for (const limit of [4, 6, 7]) {
          const { rejected, exactness } = found.find((each) => each.limit === limit)!
          expect(exactness).toBe('upper bound')
          expect(rejected).toBeGreaterThanOrEqual(replay(trace, limit).rejected)
          expect(rejected).toBeLessThanOrEqual(replay(trace, limit === 4 ? 3 : 5).rejected)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('start again with reset, and go on from what is open', () => {
    const zone = new Zone({ name: 'z', candidates: [2] })
    const limiter = new Limiter({ zone, limit: 9, key: keyOf })
    const clients = Array.from({ length: 3 }, () => new Client('a'))
    for (const client of clients) limiter.accept(client)
    zone.reset()
    expect(zone.advise()).toMatchObject({ arrivals: 0, candidates: [{ rejected: 0, keys: 0 }] })

    // Two are in for it; the third was refused, and its end gives nothing back.
    clients[2]!.emit('close')
    const [next, other] = [new Client('a'), new Client('a')]
    limiter.accept(next)
    expect(zone.advise()).toMatchObject({ arrivals: 1, candidates: [{ rejected: 1, keys: 1 }] })
    clients[0]!.emit('close')
    limiter.accept(other)
    expect(zone.advise()).toMatchObject({ arrivals: 2, candidates: [{ rejected: 1, keys: 1 }] })
    for (const client of [clients[1]!, next, other]) client.emit('close')
    expect(zone.stats().active).toBe(0)
  })

  it('take no memory under a key in which the smallest was not reached', () => {
    const zone = new Zone({ name: 'z', candidates: [2] })
    const limiter = new Limiter({ zone, limit: 9, key: (source) => (source as Client).key })
    const clients = ['a', 'b', 'b', 'b'].map((key) => new Client(key))
    for (const client of clients) limiter.accept(client)
    expect(Array.from(zone.allRecords(), ({ key, trials }) => [key, trials?.refused])).toEqual([
      ['t:a', undefined],
      ['t:b', [1]],
    ])
    for (const client of clients) client.emit('close')
    expect(zone.stats().active).toBe(0)
  })

  it('have no more memory than the records that the zone keeps', () => {
    const zone = new Zone({ name: 'z', max: 10, maxIdle: 5 })
    const limiter = new Limiter({ zone, limit: 9, dryRun: true, key: keyOf })
    for (let n = 0; n < 1_000; n++) {
      const clients = [new Client(`k${n}`), new Client(`k${n}`)]
      for (const client of clients) limiter.accept(client)
      for (const client of clients) client.emit('close')
    }
    expect([...zone.allRecords()].length).toBeLessThanOrEqual(5)
    expect(zone.advise({ top: 1_000 }).candidates[0]).toMatchObject({
      limit: 1,
      rejected: 1_000,
      keys: 1_000,
    })
    expect(zone.advise({ top: 1_000 }).candidates[0]!.topKeys.length).toBeLessThanOrEqual(5)
  })
})
