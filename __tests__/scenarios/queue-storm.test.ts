import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, it } from '@jest/globals'
import { byHeader, byIp, limitConn, type LimitConnOptions } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { bare } from '../helpers/hosts.ts'
import { serve, type Served } from '../helpers/server.ts'
import { elapse, until } from '../helpers/until.ts'

const limit = 3
const keys = Array.from({ length: 20 }, (_, n) => `k${n}`)

/** Numbers from 0 to 1 that are the same in each run. @see https://en.wikipedia.org/wiki/Lehmer_random_number_generator */
function randomly(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

/** Works for a while, and counts what is in work under each key by itself. */
class Workshop {
  readonly inWork = new Map<string, number>()
  readonly #random: () => number
  most = 0
  runs = 0

  constructor(random: () => number) {
    this.#random = random
  }

  readonly handler = (req: IncomingMessage, res: ServerResponse): void => {
    const key = String(req.headers['x-key'])
    let isOver = false
    const count = (by: number): void => {
      this.inWork.set(key, (this.inWork.get(key) ?? 0) + by)
      this.most = Math.max(this.most, this.inWork.get(key)!)
    }
    const end = (): void => {
      if (isOver) return
      isOver = true
      count(-1)
      req.socket.off('close', end)
    }
    this.runs++
    count(1)
    res.on('close', end)
    req.socket.once('close', end)
    setTimeout(() => res.end('done'), this.#random() * 60)
  }
}

interface Told {
  answered: number
  refused: number
  gone: number
}

/** Asks ten times on a keep-alive connection; now and then it leaves in the middle, and comes again. */
async function askTen(server: Served, told: Told, random: () => number): Promise<void> {
  let client: Client | undefined
  for (let n = 0; n < 10; n++) {
    const before: number = client?.statuses.length ?? 0
    client ??= await server.connect()
    client.get('/', { 'x-key': keys[Math.floor(random() * keys.length)]! })
    if (random() < 0.1) {
      await elapse(random() * 40)
      if (random() < 0.5) client.reset()
      else client.destroy()
      client = undefined
      told.gone++
    } else if ((await client.answer(before + 1)) === 200) told.answered++
    else told.refused++
  }
}

it.each([1, 2, 3])(
  '2,000 requests on 200 connections, of 20 keys: never above the limit, nobody lost (seed %d)',
  async (seed) => {
    const random = randomly(seed)
    const shop = new Workshop(random)
    const policy = limitConn({
      limit,
      key: byHeader('x-key'),
      count: 'requests',
      queue: { max: 4, timeoutMs: 40 },
      logLevel: false,
    })
    const server = await serve(bare([policy], shop.handler), { policies: [policy] })
    const told: Told = { answered: 0, refused: 0, gone: 0 }
    await Promise.all(Array.from({ length: 200 }, () => askTen(server, told, random)))

    expect(told.answered + told.refused + told.gone).toBe(2_000)
    expect(shop.most).toBe(limit)
    const zone = policy.zones[0]!
    await until('all is given back', () => zone.stats().active === 0 && zone.stats().waiting === 0)
    const { passed, rejected, queued, peak } = zone.stats()
    expect(passed).toBe(shop.runs)
    expect(rejected).toBeGreaterThanOrEqual(told.refused)
    expect(passed + rejected).toBeLessThanOrEqual(2_000)
    // How many depends on how busy the machine is.
    expect(queued).toBeGreaterThan(10)
    expect(peak).toBeLessThanOrEqual(limit * keys.length)
    expect([...shop.inWork.values()].every((count) => count === 0)).toBe(true)
  },
)

/** Direct connections of three addresses beside a proxy that speaks for the same three. */
async function mixedStorm(options: Partial<LimitConnOptions>, seed: number) {
  const random = randomly(seed)
  const policy = limitConn({
    limit,
    key: byIp({ trustProxy: '127.0.0.1' }),
    queue: { max: 20, timeoutMs: 20_000 },
    logLevel: false,
    ...options,
  })
  const work = (_req: IncomingMessage, res: ServerResponse): void =>
    void setTimeout(() => res.end('done'), random() * 5)
  const server = await serve(bare([policy], work), { policies: [policy] })
  const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
  const anAddress = (): string => addresses[Math.floor(random() * addresses.length)]!
  const statuses: number[] = []

  async function proxied(): Promise<void> {
    const client = await server.connect()
    for (let n = 1; n <= 20; n++) {
      client.get('/', { 'X-Forwarded-For': anAddress() })
      statuses.push(await client.answer(n))
    }
  }
  async function direct(): Promise<void> {
    for (let n = 0; n < 20; n++) {
      const client = await server.connect({ localAddress: anAddress() })
      client.get()
      await until('it is answered, or closed', () => client.statuses.length > 0 || client.isClosed)
      await elapse(random() * 5)
      client.destroy()
    }
  }
  await Promise.all([...Array.from({ length: 15 }, proxied), ...Array.from({ length: 5 }, direct)])
  return { zone: policy.zones[0]!, statuses }
}

it.each([1, 2])(
  'direct connections that evict beside requests of a proxy that wait, in one zone (seed %d)',
  async (seed) => {
    const { zone, statuses } = await mixedStorm({ onLimit: 'evict-oldest' }, seed)
    const { evicted, queued, waiting } = zone.stats()
    expect(zone.top(9).map(({ peak }) => peak)).toEqual([limit, limit, limit])
    expect(statuses).toEqual(Array<number>(300).fill(200))
    expect(evicted).toBeGreaterThan(0)
    expect(queued).toBeGreaterThan(0)
    expect(waiting).toBe(0)
  },
)
