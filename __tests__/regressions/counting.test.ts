import { EventEmitter } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { Limiter, limitConn, Zone, type LimitConnOptions } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { guarded } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

async function start(options: Partial<LimitConnOptions>) {
  const policy = limitConn({ limit: 1, logLevel: false, ...options })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy] })
  return { policy, zone: policy.zones[0]!, held, server }
}

/** Something that closes, as a socket does, with a name. */
class Named extends EventEmitter {
  readonly name: string

  constructor(name: string) {
    super()
    this.name = name
  }
}

it('F18: of 20,000 keys in one zone each has one counter, which all its clients find', () => {
  const zone = new Zone({ name: 'many' })
  const limiter = new Limiter({ limit: 2, zone, key: (source) => (source as unknown as Named).name })
  // Numbers as text are those whose hashes V8 lets collide.
  const names = Array.from({ length: 20_000 }, (_, n) => String(n * 65_536))
  const accept = (all: string[]): Named[] => all.map((name) => new Named(name))

  const clients = [...accept(names), ...accept(names.toReversed()), ...accept(names)]
  const passed = clients.filter((client) => limiter.accept(client as never).passed)
  expect(passed).toHaveLength(40_000)
  expect(passed.every((client, n) => client === clients[n])).toBe(true)
  expect(zone.stats()).toMatchObject({ keys: 20_000, active: 40_000, rejected: 20_000 })
  expect(zone.audit().isClean).toBe(true)

  for (const client of passed) client.emit('close')
  expect(zone.stats()).toMatchObject({ keys: 0, active: 0 })
})

it('F29: each request of a connection is looked at, also after one that passed', async () => {
  const { zone, held, server } = await start({ count: 'requests' })
  const [holder, other] = [await server.connect(), await server.connect()]

  for (let n = 1; n <= 100; n++) {
    holder.get()
    await held.arrived(1)
    expect(await other.get().answer(2 * n - 1)).toBe(503)

    held.release()
    expect(await holder.answer(n)).toBe(200)
    await until('the slot is given back', () => zone.stats().active === 0)
    other.get()
    await held.arrived(1)
    held.release()
    expect(await other.answer(2 * n)).toBe(200)
    await until('the slot is given back', () => zone.stats().active === 0)
  }
  expect(zone.stats()).toMatchObject({ passed: 200, rejected: 100, peak: 1 })
})

describe('what is not let in takes nothing back from who is', () => {
  it('F33: 1,000 that a guard refuses, and those who are in leave one by one', async () => {
    const { connect, zone } = await guarded('net', { limit: 2 })
    const inside = [await connect(), await connect()]
    await until('two are in', () => zone.stats().active === 2)
    for (let wave = 0; wave < 10; wave++) {
      const refused = await Promise.all(Array.from({ length: 100 }, () => connect()))
      await Promise.all(refused.map((client) => client.closed()))
      expect(zone.stats().active).toBe(2)
    }

    for (const left of [1, 0]) {
      inside.pop()!.destroy()
      await until(`${left} are in`, () => zone.stats().active === left)
    }
    expect(zone.stats()).toMatchObject({ passed: 2, rejected: 1_000, peak: 2, keys: 0 })
  })

  it.each(['connections', 'requests'] as const)(
    'F36: 300 whose limit function throws, rejects or answers nonsense, counting %s',
    async (count) => {
      const limit: LimitConnOptions['limit'] = async (req) => {
        const wanted = req.headers['x-limit']
        if (wanted === 'throws') throw new Error('theirs')
        return wanted === undefined ? 1 : (wanted as never)
      }
      const { zone, held, server } = await start({ limit, count })
      await server.get()
      await held.arrived(1)
      for (const wanted of ['throws', '-1', 'NaN']) {
        const failed = await Promise.all(
          Array.from({ length: 100 }, () => server.get('/', { 'X-Limit': wanted, Connection: 'close' })),
        )
        for (const client of failed) expect(await client.answer()).toBe(500)
      }

      expect(zone.stats()).toMatchObject({ passed: 1, active: 1, rejected: 0 })
      expect(await (await server.get()).answer()).toBe(503)
    },
  )
})

it('F44: a limit of requests over HTTP/1 is given back by the connection where no response says that it has ended', async () => {
  const { zone, held, server } = await start({ count: 'requests', limit: 100 })
  const clients: Client[] = []
  for (let n = 0; n < 5; n++) {
    const client = await server.connect()
    clients.push(client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(20)))
  }
  await held.arrived(100)
  expect(zone.stats().active).toBe(100)

  for (const { res } of held.waiting) res.removeAllListeners('close')
  for (const client of clients) client.reset()
  await until('all slots are given back', () => zone.stats().active === 0)
})
