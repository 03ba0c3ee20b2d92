import { describe, expect, it } from '@jest/globals'
import type { Client } from '../helpers/client.ts'
import { exchange } from '../helpers/exchange.ts'
import { guarded, guardKinds, type Guarded, type GuardKind } from '../helpers/guarded.ts'
import { Sampled } from '../helpers/sampled.ts'
import { connectionsOf, expectEven } from '../helpers/server.ts'
import { tcp } from '../helpers/tcp.ts'
import { nextTurn, until } from '../helpers/until.ts'

const kinds = Object.keys(guardKinds) as GuardKind[]

/** Connects one after the other: the guard sees them in this order. */
async function connectInOrder(served: Guarded, times: number): Promise<Client[]> {
  const clients: Client[] = []
  for (let n = 0; n < times; n++) {
    const { passed } = served.zone.stats()
    clients.push(await served.connect())
    await until('the guard has seen it', () => served.zone.stats().passed > passed)
  }
  return clients
}

describe.each(kinds)("onLimit 'evict-oldest' in a guard on %s", (kind) => {
  it('closes the oldest of the key and lets the newcomer in', async () => {
    const served = await guarded(kind, { limit: 3, onLimit: 'evict-oldest' })
    const clients = await connectInOrder(served, 5)
    await Promise.all(clients.slice(0, 2).map((client) => client.closed()))

    expect(clients.map(({ isClosed }) => isClosed)).toEqual([true, true, false, false, false])
    expect(served.zone.stats()).toMatchObject({ passed: 5, rejected: 0, evicted: 2, active: 3, peak: 3 })
    await expectEven(served.server, served.guard)
    expect(await connectionsOf(served.server)).toBe(3)
  })

  it('serves the newcomer', async () => {
    const served = await guarded(kind, { limit: 1, onLimit: 'evict-oldest' })
    await connectInOrder(served, 1)
    await exchange(kind, served)
    expect(served.zone.stats()).toMatchObject({ passed: 2, evicted: 1, active: 1 })
  })

  it('never holds more than the limit, under a storm of newcomers of two keys', async () => {
    const zone = new Sampled({ name: 'sampled' })
    const served = await guarded(kind, { zone, limit: 4, onLimit: 'evict-oldest' })
    for (let n = 0; n < 100; n++) tcp(served.port, { localAddress: n % 2 ? '127.0.0.1' : '127.0.0.2' })
    while (zone.stats().passed < 100) {
      expect(zone.count('127.0.0.1')).toBeLessThanOrEqual(4)
      await nextTurn()
    }

    expect(zone.highest).toBe(4)
    expect(zone.stats()).toMatchObject({ passed: 100, rejected: 0, evicted: 92, active: 8, keys: 2 })
    await expectEven(served.server, served.guard)
    expect(await connectionsOf(served.server)).toBe(8)
  })
})
