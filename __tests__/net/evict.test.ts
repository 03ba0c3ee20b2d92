import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { Zone } from '../../lib/index.ts'
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

it('a hostile holder of the key harms its own key only, and leaves nothing behind', async () => {
  const served = await guarded('http', { limit: 5, onLimit: 'evict-oldest' })
  const good = await served.connect({ localAddress: '127.0.0.2' })
  const attack = ['', 'GET / HT', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'no request at all\r\n\r\n']
  const hostile: Socket[] = []
  for (let n = 0; n < 400; n++) {
    const socket = tcp(served.port).resume()
    hostile.push(socket)
    socket.once('connect', () => {
      socket.write(attack[n % 4]!)
      if (n % 3 === 0) socket.resetAndDestroy()
    })
    if (n % 50 > 0) continue
    good.get()
    await until('the request of the other is held', () => served.held.waiting.some(isGood))
    served.held.release()
    await good.answer(n / 50 + 1)
  }

  await until('five of them are left', () => hostile.filter(({ closed }) => !closed).length <= 5)
  expect(served.zone.count('127.0.0.1')).toBeLessThanOrEqual(5)
  expect(served.zone.stats().peak).toBeLessThanOrEqual(6)
  expect(good.isClosed).toBe(false)
})

function isGood({ req }: { readonly req: IncomingMessage }): boolean {
  return req.socket.remoteAddress === '127.0.0.2'
}

it('a limit that lets nobody in closes nobody', async () => {
  const served = await guarded('net', { limit: () => allowed, onLimit: 'evict-oldest' })
  let allowed = 1
  const [first] = await connectInOrder(served, 1)
  allowed = 0
  await (await served.connect()).closed()
  expect(first!.isClosed).toBe(false)
  expect(served.zone.stats()).toMatchObject({ passed: 1, rejected: 1, evicted: 0, active: 1 })
})

it('after a limit was lowered a newcomer closes as many as it takes', async () => {
  const served = await guarded('net', { limit: 5, onLimit: 'evict-oldest' })
  const clients = await connectInOrder(served, 5)
  served.guard.setConfig({ limit: 2 })
  expect(served.zone.stats().active).toBe(5)
  const [newcomer] = await connectInOrder(served, 1)
  await Promise.all(clients.slice(0, 4).map((client) => client.closed()))
  expect([clients[4]!.isClosed, newcomer!.isClosed]).toEqual([false, false])
  expect(served.zone.stats()).toMatchObject({ evicted: 4, active: 2 })
})

describe('several limits', () => {
  const both = (): [Zone, Zone] => [new Zone({ name: 'per-address' }), new Zone({ name: 'total' })]
  const total = () => 'all'

  it('nobody is closed where another limit refuses', async () => {
    const [one, all] = both()
    const served = await guarded('net', {
      limits: [
        { zone: one, limit: 1, onLimit: 'evict-oldest' },
        { zone: all, key: total, limit: 1 },
      ],
    })
    const [first] = await connectInOrder(served, 1)
    await (await served.connect()).closed()
    expect(first!.isClosed).toBe(false)
    expect([one.stats().evicted, all.stats()]).toEqual([0, expect.objectContaining({ active: 1 })])
  })

  it('who is closed for one gives its slots of all back', async () => {
    const [one, all] = both()
    const served = await guarded('net', {
      onLimit: 'evict-oldest',
      limits: [
        { zone: one, limit: 1 },
        { zone: all, key: total, limit: 2 },
      ],
    })
    const [first] = await connectInOrder(served, 1)
    const other = await served.connect({ localAddress: '127.0.0.2' })
    await connectInOrder(served, 1)
    await first!.closed()
    expect(other.isClosed).toBe(false)
    expect([one.stats().evicted, all.stats().evicted, all.stats().active]).toEqual([1, 0, 2])
  })
})

it('a dry run closes nobody, and shows the overshoot', async () => {
  const served = await guarded('net', { limit: 1, onLimit: 'evict-oldest', dryRun: true })
  const clients = [await served.connect(), await served.connect()]
  await until('both are counted', () => served.zone.stats().active === 2)
  expect(clients.map(({ isClosed }) => isClosed)).toEqual([false, false])
  expect(served.zone.stats()).toMatchObject({ passed: 1, rejectedDryRun: 1, evicted: 0 })
})

it('logs with flood control, and tells on the diagnostics channel limit-conn:closed', async () => {
  const lines: string[] = []
  const events: unknown[] = []
  const listener = (event: unknown): unknown => events.push(event)
  subscribe('limit-conn:closed', listener)
  const zone = new Zone({ name: 'logged' })
  const logger = { error: (line: string) => lines.push(line) }
  const options = { zone, limit: 1, onLimit: 'evict-oldest', logger, logLevel: 'error' } as const
  const served = await guarded('net', options)
  await connectInOrder(served, 4)
  unsubscribe('limit-conn:closed', listener)

  expect(lines).toEqual([
    `closing a connection for a newer one by zone "logged", client: 127.0.0.1, server: 127.0.0.1:${served.port}`,
  ])
  expect(events).toEqual(Array.from({ length: 3 }, () => ({ zone: 'logged', cause: 'evicted' })))
})
