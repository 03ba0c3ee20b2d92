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
  zone.reset()
  limiter.setConfig({ limit: 5, dryRun: true })
  closeAll(open(limiter, 10))
  expect(said(zone).exact).toEqual([1, 2, 3, 5, 8, 10])
  expect(zone.stats().active).toBe(0)
})
