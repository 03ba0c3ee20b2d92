import { expect, it } from '@jest/globals'
import { Attacker } from '../../helpers/attacker.ts'
import { floodedBy, GoodClient, quantile } from '../../helpers/good-client.ts'
import { besieged, expectCapacity, expectRefusedClosed } from '../../helpers/siege.ts'

const attacker = new Attacker()

it.each([{ tls: false }, { tls: true }])(
  'A-16, F20, F52: of 1,000 that send headers byte by byte ten stay, and another address is served: %j',
  async (variant) => {
    const siege = await besieged({ ...variant, limit: 10 })
    await expectCapacity(siege)

    const held = await attacker.attack(siege, 'sends headers byte by byte', { count: 1_000, limit: 10 })
    expect(held).toBe(10)
    await expectRefusedClosed(siege)
    const other = new GoodClient(siege)
    await other.stop(25)

    expect(new Set(other.statuses)).toEqual(new Set([200]))
    expect(quantile(other.waitsMs, 0.5)).toBeLessThan(50)
    expect(siege.zone.count('127.0.0.1')).toBe(10)
    expect(siege.most()).toBe(10)
  },
)

it.each([{ tls: false }, { tls: true }, { tls: false, reject: 'respond' as const }])(
  'A-18, F12: 2,000 over the limit do not keep a client of another address waiting: %j',
  async (variant) => {
    const siege = await besieged(variant)
    const { quiet, flooded } = await floodedBy(attacker, siege, 2_000)

    expect(new Set(flooded.statuses)).toEqual(new Set([200]))
    expect(siege.zone.stats().rejected).toBe(2_000)
    // 50 ms on a machine with nothing else to do: see accept.soak.ts.
    expect(quantile(flooded.waitsMs, 0.99)).toBeLessThan(Math.max(200, 20 * quantile(quiet.waitsMs, 0.99)))
  },
)
