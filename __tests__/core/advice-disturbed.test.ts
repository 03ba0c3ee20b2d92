import { EventEmitter } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { Limiter, Zone } from '../../lib/index.ts'

const keyOf = (source: object): string => (source as { key: string }).key

class Client extends EventEmitter {
  readonly key = 'a'

  destroy(): void {
    this.emit('close')
  }
}

type Accepts = Pick<Limiter, 'accept'>

function open(limiter: Accepts, times: number): Client[] {
  const all = Array.from({ length: times }, () => new Client())
  return all.filter((client) => (limiter.accept(client) as { passed: boolean }).passed)
}

function closeAll(clients: readonly Client[]): void {
  for (const client of clients) client.destroy()
}

/** What is said of the limits that were tried, and the suggestion. */
function said(zone: Zone): { exact: number[]; suggested: number | null } {
  const { candidates, suggestion } = zone.advise()
  const exact = candidates.filter(({ exactness }) => exactness === 'exact').map(({ limit }) => limit)
  return { exact, suggested: suggestion.limit }
}

/** Of a limit that was not tried. */
function exactnessOf(zone: Zone, asked: number): string {
  return zone.advise({ limits: [asked] }).candidates.find(({ limit }) => limit === asked)!.exactness
}

const zoneOf = (): Zone => new Zone({ name: 'z', candidates: [1, 2, 3, 5, 8, 10] })

describe('advice is not exact, and suggests nothing from', () => {
  it('a limit that was lowered below those who are open', () => {
    const zone = zoneOf()
    const limiter = new Limiter({ zone, limit: 10, key: keyOf })
    const clients = open(limiter, 10)
    zone.reset()
    limiter.setConfig({ limit: 3 })
    closeAll(clients.slice(0, 3))
    expect(open(limiter, 2_000)).toEqual([])
    expect(said(zone)).toEqual({ exact: [], suggested: null })
    closeAll(clients)
  })

  it('a dry run that has become a limit, while more are open than it allows', () => {
    const zone = zoneOf()
    const limiter = new Limiter({ zone, limit: 5, dryRun: true, key: keyOf })
    const clients = open(limiter, 50)
    limiter.setConfig({ limit: 20, dryRun: false })
    zone.reset()
    closeAll(clients.slice(0, 20))
    expect(open(limiter, 2_000)).toEqual([])
    expect(said(zone)).toEqual({ exact: [], suggested: null })
    closeAll(clients)
  })

  it('a stricter limit of another policy on the zone', () => {
    const zone = zoneOf()
    const wide = open(new Limiter({ zone, limit: 10, key: keyOf }), 10)
    closeAll(wide.slice(0, 4))
    expect(open(new Limiter({ zone, limit: 3, key: keyOf }), 1_000)).toEqual([])
    expect(said(zone).exact).not.toContain(8)
    closeAll(wide)
  })

  it('a stricter limit of another policy on who is in by now, and arrives but once', () => {
    const zone = zoneOf()
    const [wide, strict] = [10, 2].map((limit) => new Limiter({ zone, limit, key: keyOf }))
    const clients = open(wide!, 3)
    const passed = clients.map((client) => (strict!.accept(client) as { passed: boolean }).passed)
    expect(passed).toEqual([false, false, false])
    const { arrivals, candidates } = zone.advise()
    expect([arrivals, ...candidates.map(({ rejected }) => rejected)]).toEqual([3, 2, 1, 0, 0, 0, 0])
    expect(said(zone)).toEqual({ exact: [], suggested: null })
    closeAll(clients)
  })

  it('a limit that was lowered, and has closed who was above it', () => {
    const zone = zoneOf()
    const limiter = new Limiter({ zone, limit: 100, key: keyOf })
    const clients = open(limiter, 40)
    limiter.setConfig({ limit: 10 }, { closeExcess: true })
    limiter.setConfig({ limit: 100 })
    const more = open(limiter, 2_000)
    expect(said(zone)).toEqual({ exact: [], suggested: null })
    expect(zone.advise({ limits: [44] }).candidates.at(-1)).toMatchObject({
      limit: 44,
      exactness: 'estimate',
    })
    closeAll([...clients, ...more])
  })

  it('a limit that closes older ones', () => {
    const zone = zoneOf()
    const limiter = new Limiter({ zone, limit: 2, onLimit: 'evict-oldest', key: keyOf })
    const clients = open(limiter, 1_500)
    expect(zone.stats()).toMatchObject({ active: 2, evicted: 1_498 })
    expect(said(zone)).toEqual({ exact: [], suggested: null })
    closeAll(clients)
  })

  it('a limit of 0 for who is not known', () => {
    const zone = zoneOf()
    expect(open(new Limiter({ zone, limit: () => 0, key: keyOf }) as Accepts, 1_000)).toEqual([])
    expect(zone.advise()).toMatchObject({ arrivals: 1_000, refusedAt: 0 })
    expect(said(zone)).toEqual({ exact: [], suggested: null })
  })
})

it('advice is exact again from a reset on', () => {
  const zone = zoneOf()
  const limiter = new Limiter({ zone, limit: 2, key: keyOf })
  const clients = open(limiter, 10)
  closeAll(clients)
  expect(said(zone).exact).toEqual([1, 2])
  expect(exactnessOf(zone, 7)).toBe('estimate')
  zone.reset()
  limiter.setConfig({ limit: 5, dryRun: true })
  closeAll(open(limiter, 10))
  expect(said(zone).exact).toEqual([1, 2, 3, 5, 8, 10])
  expect(exactnessOf(zone, 7)).toBe('upper bound')
  expect(zone.stats().active).toBe(0)
})
