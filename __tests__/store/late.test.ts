import { describe, expect, it } from '@jest/globals'
import { clientKinds, type ClientKind } from '../helpers/redis/clients.ts'
import { Proxy } from '../helpers/redis/proxy.ts'
import { RedisServer, later } from '../helpers/redis/server.ts'
import { countIn, Taker, zoneOf, type Held } from '../helpers/redis/zones.ts'
import { slackMs, took, zoneName } from '../helpers/faults/stage.ts'
import { diceOf } from '../helpers/redis/dice.ts'
import type { RedisZone } from '../../lib/redis.ts'

const ttlMs = 3_000
const syncMs = 200

interface Scene {
  readonly server: RedisServer
  readonly proxy: Proxy
  readonly zone: RedisZone
  readonly taker: Taker
  /** What stands in Redis. */
  readonly written: () => Promise<number>
}

async function sceneOf(client: ClientKind): Promise<Scene> {
  const server = await RedisServer.start()
  const proxy = await Proxy.start(server.port)
  const name = zoneName()
  const zone = await zoneOf({ client, name, ttlMs, syncMs, url: proxy.url, server: server.url })
  return { server, proxy, zone, taker: new Taker(zone, 20), written: () => countIn(server.url, name) }
}

async function takeMany(taker: Taker, count: number): Promise<readonly Held[]> {
  const held = await Promise.all(Array.from({ length: count }, () => taker.take()))
  return held.map((one) => one!)
}

describe.each(clientKinds)('by %s: a command that comes late', (client) => {
  it('F48: to renew what was released meanwhile, counts for a sync at most', async () => {
    const { proxy, taker, written } = await sceneOf(client)
    const held = await takeMany(taker, 5)
    // Of a key: others tell only that the process is there.
    await proxy.swallowAt(':{')
    const deliver = proxy.strand()
    for (const one of held) one.close()
    await took('what was released is told', async () => (await written()) === 0)

    deliver()
    await later(50)
    const freedMs = await took('what came late is undone', async () => (await written()) === 0)
    expect(freedMs).toBeLessThanOrEqual(syncMs + slackMs)
    await expectStays(written, 0)
  })

  it('F49: to take a slot, when its client was answered long ago, counts for a sync at most', async () => {
    const { proxy, taker, written, zone } = await sceneOf(client)
    await took('the client is connected', async () => (await zone.countAll('key')) === 0)
    proxy.weather = 'black-hole'
    const held = await takeMany(taker, 5)
    for (const one of held) one.close()
    const deliver = proxy.strand()
    await later(2 * syncMs)
    expect(await written()).toBe(0)

    deliver()
    const freedMs = await took('what came late is undone', async () => (await written()) === 0)
    expect(freedMs).toBeLessThanOrEqual(syncMs + slackMs)
    await expectStays(written, 0)
  })
})

/** For the time of two syncs. */
async function expectStays(written: () => Promise<number>, count: number): Promise<void> {
  const seen = new Set<number>()
  await Promise.all([
    later(2 * syncMs),
    ...Array.from({ length: 10 }, async (_, n) => {
      await later(n * 0.2 * syncMs)
      seen.add(await written())
    }),
  ])
  expect([...seen]).toEqual([count])
}

describe('a release that races a renewal', () => {
  it('A-54, F48: leaves in Redis what is open, in 1,000 schedules', async () => {
    const roll = diceOf(7)
    const [client, name] = ['ioredis', zoneName()] as const
    const server = await RedisServer.start()
    const zone = await zoneOf({ client, name, ttlMs, syncMs: 100, url: server.url })
    const taker = new Taker(zone, 1_000_000)

    const lanes = Array.from({ length: 50 }, async (_, lane) => {
      for (let schedule = 0; schedule < 20; schedule++) {
        const one = await taker.take(`key-${lane}`)
        await later(roll() * 60)
        one!.close()
        if (roll() < 0.5) await later(roll() * 40)
      }
    })
    await Promise.all(lanes)
    const freedMs = await took('all is given back', async () => (await countIn(server.url, name)) === 0)
    expect(freedMs).toBeLessThanOrEqual(slackMs)
    await later(300)
    expect(await countIn(server.url, name)).toBe(0)
  })
})
