import { expect, it } from '@jest/globals'
import { Attacker } from '../helpers/attacker.ts'
import { floodedBy, quantile } from '../helpers/good-client.ts'
import { besieged, type Variant } from '../helpers/siege.ts'

const attacker = new Attacker()
const variants: Variant[] = [{ tls: false }, { tls: false, reject: 'respond' }, { tls: true }]

/** Takes a machine with four cores and nothing else to do: server, good client and attackers share it. */
it.each(variants)(
  'A-18: a client of another address is served within 50 ms while 10,000 come above the limit: %j',
  async (variant) => {
    const siege = await besieged(variant)
    const { quiet, flooded } = await floodedBy(attacker, siege, 10_000)

    const figures = [quiet, flooded].map(({ waitsMs }) => {
      return [0.5, 0.99, 1].map((part) => quantile(waitsMs, part).toFixed(1)).join(' / ')
    })
    console.log(
      `${JSON.stringify(variant)}: median / p99 / most of ${flooded.waitsMs.length} answers,` +
        ` quiet ${figures[0]} ms, flooded ${figures[1]} ms`,
    )
    expect(new Set(flooded.statuses)).toEqual(new Set([200]))
    expect(siege.zone.stats().rejected).toBe(10_000)
    expect(quantile(flooded.waitsMs, 0.99)).toBeLessThan(50)
  },
  120_000,
)
