import { describe, expect, it } from '@jest/globals'
import { Attacker } from '../../helpers/attacker.ts'
import { GoodClient } from '../../helpers/good-client.ts'
import { besieged, expectCapacity, expectRefusedClosed, type Variant } from '../../helpers/siege.ts'
import { until } from '../../helpers/until.ts'

/** What each of them does stands in helpers/attacks.js. */
const attacks = [
  'resets at once',
  'resets 0 to 5 ms after a request',
  'pipelines 20 x 300 requests, then resets',
  'ends its side while the handler is held',
  'aborts uploads by a reset',
  'aborts uploads by a FIN',
  'aborts uploads that nobody reads by a reset',
  'aborts uploads that nobody reads by a FIN',
  'makes upgrades that are ignored, then ends',
  'makes upgrades that are ignored, then resets',
  'makes upgrades that are ignored, sends more, then ends',
  'makes upgrades that are ignored, sends 300 KB, then resets',
  'asks for tunnels that are ignored, then ends',
  'holds WebSockets',
  'says nothing at all',
  'sends headers byte by byte',
  'never reads what it is answered, and never closes',
]

const attacksOnTls = [
  'sends half a ClientHello',
  'shakes hands and says nothing',
  'resets in the middle of the handshake',
  'speaks no TLS',
]

const variants: Record<string, Variant> = {
  http: { tls: false },
  https: { tls: true },
  'http that answers 503': { tls: false, reject: 'respond' },
  'http with a middleware on the same zone': { tls: false, withMiddleware: true },
  'https with a middleware on the same zone': { tls: true, withMiddleware: true },
}

const attacker = new Attacker()

async function checkCapacity(attack: string, variant: Variant): Promise<void> {
  const siege = await besieged(variant)
  await expectCapacity(siege)

  const other = new GoodClient(siege)
  const held = await attacker.attack(siege, attack)
  expect(held ?? 5).toBe(5)
  await expectRefusedClosed(siege)
  await other.stop()
  expect(new Set(other.statuses)).toEqual(new Set([200]))
  await attacker.leave()

  await until('all slots are given back', () => siege.zone.stats().active === 0)
  await expectCapacity(siege)
  expect(siege.most()).toBe(5)
  expect(siege.zone.top().find(({ key }) => key === '127.0.0.1')!.peak).toBe(5)
  expect(siege.zone.audit().isClean).toBe(true)
}

describe.each(Object.keys(variants))('five connections of an address, on %s', (name) => {
  const variant = variants[name]!
  const applying = [...attacks, ...(variant.tls ? attacksOnTls : [])]

  it.each(applying)('are held before, at most during, and after an attack that %s', async (attack) => {
    await checkCapacity(attack, variant)
  })
})

it.each([{ tls: false }, { tls: true }])(
  'a large upload that nobody reads, and whose client ended, is held until requestTimeout: %j',
  async (variant) => {
    const server = { requestTimeout: 300, headersTimeout: 300, connectionsCheckingInterval: 50 }
    await checkCapacity('aborts large uploads that nobody reads by a FIN', { ...variant, server })
  },
)
