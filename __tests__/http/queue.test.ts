import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from '@jest/globals'
import { byIp, Zone } from '../../lib/index.ts'
import { fullyQueueing, queueing, ways } from '../helpers/queueing.ts'
import { until } from '../helpers/until.ts'
import { takeWarnings } from '../helpers/warnings.ts'

describe.each(ways)('a queue on $host, TLS $tls, HTTP/2 $http2', (way) => {
  it('lets those who wait in one by one, first come first served', async () => {
    const { held, lineUp, zone } = await fullyQueueing({}, way)
    const paths = ['/1', '/2', '/3', '/4']
    const clients = await lineUp(paths)
    expect(held.runs).toBe(1)

    for (let n = 2; n <= 5; n++) {
      held.answerFirst()
      await held.arrived(1)
      expect(held.runs).toBe(n)
      expect(zone.stats()).toMatchObject({ active: 1, waiting: 5 - n })
    }
    held.release()
    expect(await Promise.all(clients.map((client) => client.status()))).toEqual([200, 200, 200, 200])
    expect(held.paths).toEqual(['/first', ...paths])
    expect(zone.stats()).toMatchObject({ passed: 5, queued: 4, rejected: 0, peak: 1 })
  })

  it('a request that waits holds nothing, and is PASSED afterwards', async () => {
    const { held, lineUp, zone } = await fullyQueueing({}, way)
    const [client] = await lineUp(['/second'])

    expect(zone.count('127.0.0.1')).toBe(1)
    expect(zone.stats()).toMatchObject({ active: 1, waiting: 1, passed: 1, queued: 1 })
    expect(zone.audit()).toMatchObject({ active: 1, found: 1, isClean: true })

    held.answerFirst()
    await until('the second is in', () => held.runs === 2)
    const { req } = held.waiting[0]!
    expect(req.limitConn).toEqual({ status: 'PASSED', zone: zone.name, limit: 1, active: 1 })
    held.release()
    expect(await client!.status()).toBe(200)
  })
})

it('advice of a zone that was reset while some wait is not exact: they come in later than they came', async () => {
  const zone = new Zone({ name: 'waited', candidates: [1, 2] })
  const { lineUp, held } = await fullyQueueing({ zone })
  await lineUp(['/1', '/2'])
  zone.reset()
  for (let n = 2; n <= 3; n++) {
    held.answerFirst()
    await held.arrived(1)
  }
  held.release()
  const { arrivals, candidates } = zone.advise({ limits: [4] })
  expect([arrivals, ...candidates.map(({ exactness }) => exactness)]).toEqual([
    2,
    'estimate',
    'estimate',
    'estimate',
  ])
})

it('tells on limit-conn:queued who begins to wait, and how many wait under the key', async () => {
  const events: unknown[] = []
  const hear = (event: unknown): void => void events.push(event)
  subscribe('limit-conn:queued', hear)
  const zone = new Zone({ name: 'told' })
  const { lineUp, held } = await fullyQueueing({ zone })
  await lineUp(['/1', '/2'])
  held.release()
  await held.arrived(1)
  unsubscribe('limit-conn:queued', hear)

  expect(events).toEqual([
    { zone: 'told', waiting: 1 },
    { zone: 'told', waiting: 2 },
  ])
})

it("under 'auto' a request waits behind a trusted proxy, where it is counted; a connection of its own is refused", async () => {
  const { held, server, zone, waiting } = await queueing({
    count: 'auto',
    key: byIp({ trustProxy: '127.0.0.1' }),
  })
  const proxied = await server.get('/1', { 'X-Forwarded-For': '127.0.0.2' })
  await held.arrived(1)
  const second = await server.get('/2', { 'X-Forwarded-For': '127.0.0.2' })
  await waiting(1)
  const direct = await server.connect({ localAddress: '127.0.0.2' })
  expect(await direct.get().answer()).toBe(503)
  expect(zone.stats()).toMatchObject({ active: 1, waiting: 1, rejected: 1 })

  held.answerFirst()
  await held.arrived(1)
  held.release()
  expect([await proxied.answer(), await second.answer()]).toEqual([200, 200])
})

it('a keep-alive connection has the same listeners after 10,000 requests that waited on it', async () => {
  const { held, server, zone } = await queueing()
  const [client, other] = [await server.connect(), await server.connect()]
  const countOf = (): number[] =>
    [...server.sockets].map((socket) =>
      socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0),
    )

  /** Each of two connections asks in turn, and waits for the other. */
  async function serveThousand(): Promise<number[]> {
    for (let n = 0; n < 1_000; n++) {
      const asking = n % 2 === 0 ? client : other
      asking.get()
      await until('it waits', () => zone.stats().waiting === 1)
      held.answerFirst()
      await held.arrived(1)
    }
    return countOf()
  }

  other.get()
  await held.arrived(1)
  const before = await serveThousand()
  for (let n = 1; n < 10; n++) await serveThousand()
  expect(countOf()).toEqual(before)
  expect(zone.stats().queued).toBe(10_000)
  expect(await takeWarnings()).toEqual([])
})
