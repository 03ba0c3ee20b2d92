import type { Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { Zone } from '../../lib/index.ts'
import { statusRouter } from '../../lib/status.ts'
import type { Client } from '../helpers/client.ts'
import { connect2 } from '../helpers/client2.ts'
import { serve, untilConnections, type Served } from '../helpers/server.ts'
import { failure, show, ask } from '../helpers/status.ts'
import { elapse, until } from '../helpers/until.ts'

interface Event {
  readonly now_ms: number
  readonly may_change: boolean
  readonly zones: Record<string, { active: number; passed: number; top: unknown[] }>
}

/** The events that a client has had so far. */
function eventsOf({ received }: { readonly received: string }): Event[] {
  return [...received.matchAll(/^data: (.*)\n\n/gm)].map(([, data]) => JSON.parse(data!) as Event)
}

const begun = (client: { readonly received: string }): Promise<void> =>
  until('the first event has come', () => eventsOf(client).length > 0)

/** A server of nothing but a router, which counts how often its zones are looked at. */
async function looked(zones: readonly Zone[] = [new Zone({ name: 'addr' })]) {
  const seen = { looks: 0 }
  const served = await serve(statusRouter({ zones: () => (seen.looks++, zones) }), { policies: [] })
  const open = (): Promise<Client> => served.get('/events', { Host: 'localhost' })
  return { ...served, seen, open }
}

/** That nothing looks at the zones any more, which it would each second. */
async function expectSilence(seen: { looks: number }): Promise<void> {
  const { looks } = seen
  await elapse(1_200)
  expect(seen.looks).toBe(looks)
}

describe('the stream of events', () => {
  it('tells at once how it is, and each second how it has become', async () => {
    const shown = await show()
    const client = await shown.get('/status/events', { Host: 'localhost' })
    await begun(client)
    expect(client.received).toMatch(/^content-type: text\/event-stream; charset=utf-8\r$/im)
    const [first] = eventsOf(client)
    expect(first).toMatchObject({
      may_change: false,
      zones: { addr: { active: 0, passed: 0, max: 65_536, top: [] } },
    })
    expect(Math.abs(first!.now_ms - Date.now())).toBeLessThan(60_000)

    await shown.get('/')
    await shown.held.arrived(1)
    await until('the newcomer is told of', () => eventsOf(client).at(-1)!.zones['addr']!.active === 1)
    const last = eventsOf(client).at(-1)!
    expect(last.zones['addr']!.top).toEqual([
      {
        key: '127.0.0.1',
        kind: 'address',
        active: 1,
        peak: 1,
        rejected: 0,
        rejected_dry_run: 0,
        oldest_ms: expect.any(Number),
      },
    ])
    expect(last.now_ms - first!.now_ms).toBeGreaterThan(500)
    shown.held.release()
  })

  it('tells those who may change something that they may', async () => {
    const { get } = await show({ router: { authorize: async () => true } })
    const client = await get('/status/events')
    await begun(client)
    expect(eventsOf(client)[0]!.may_change).toBe(true)
  })

  it('has the ten busiest keys, in the form in which they are shown', async () => {
    const shown = await show()
    for (let n = 0; n < 12; n++) await shown.get('/', { 'x-api-key': `secret-${n}` })
    await shown.held.arrived(12)
    const client = await shown.get('/status/events', { Host: 'localhost' })
    await begun(client)
    const { top } = eventsOf(client)[0]!.zones['addr']!
    expect(top).toHaveLength(10)
    expect(client.received).not.toContain('secret')
    shown.held.release()
  })

  it('leaves nothing when its client goes, and begins again with the next', async () => {
    const { seen, open, server } = await looked()
    const clients = [await open(), await open()]
    await Promise.all(clients.map(begun))
    clients[0]!.reset()
    await until('the other one goes on', () => eventsOf(clients[1]!).length > 1)
    clients[1]!.destroy()
    await untilConnections(server, 0)
    await expectSilence(seen)

    const next = await open()
    await until('it begins, and goes on', () => eventsOf(next).length > 1)
  })

  it('leaves nothing on a connection that goes on, over HTTP/2', async () => {
    const seen = { looks: 0 }
    const router = statusRouter({ zones: () => (seen.looks++, []) })
    const served = await serve(router, { policies: [], http2: true })
    const session = await connect2(served)
    const stream = session.get('/events', { ':authority': 'localhost' })
    await until('two events have come', () => eventsOf(stream).length > 1)
    stream.reset()
    await stream.closed()
    await expectSilence(seen)
    expect(await session.get('/limit_conns', { ':authority': 'localhost' }).status()).toBe(200)
  })

  it('leaves nothing of streams that were asked for one behind the other, of which Node tells one end only', async () => {
    const { seen, open, server } = await looked()
    const client = (await open()).get('/events', { Host: 'localhost' }).get('/events', { Host: 'localhost' })
    await until('they go on', () => seen.looks >= 3)
    client.destroy()
    await untilConnections(server, 0)
    await elapse(1_100)
    await expectSilence(seen)
  })

  it('puts no listener on a connection that stays there', async () => {
    const { connect, sockets } = await looked()
    const client = await connect()
    const counts = (socket: Socket): number[] => socket.eventNames().map((name) => socket.listenerCount(name))
    client.get('/limit_conns', { Host: 'localhost' })
    await client.answer()
    const before = [...sockets].map(counts)
    for (let n = 2; n <= 20; n++)
      await client.write('HEAD /events HTTP/1.1\r\nHost: localhost\r\n\r\n').answer(n)
    expect([...sockets].map(counts)).toEqual(before)
  })

  it('does not keep the process up', async () => {
    const { open } = await looked()
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    await elapse(100) // jest has one as well, for a moment
    const before = timers()
    await begun(await open())
    expect(timers()).toBeLessThanOrEqual(before)
  })
})

describe('a client that does not read', () => {
  it('gets no more events meanwhile, so that they take no memory, and goes on with what is then', async () => {
    const many = Array.from({ length: 3_000 }, (_, n) => new Zone({ name: `zone-${n}-${'x'.repeat(50)}` }))
    const { connect, sockets, open, seen } = await looked([
      ...many,
      ...many.map(({ name }) => new Zone({ name: `${name}y` })),
    ])
    const slow = await connect()
    slow.socket.pause()
    slow.get('/events', { Host: 'localhost' })
    await until('it is begun', () => seen.looks > 0)
    const [socket] = sockets
    const reader = await open()
    await begun(reader)

    await until('it is full', () => socket!.writableLength > 0)
    const [full, at] = [socket!.writableLength, eventsOf(reader).length]
    await until('others have got more', () => eventsOf(reader).length >= at + 2)
    expect(socket!.writableLength).toBe(full)

    slow.socket.resume()
    await until('it has more than one now', () => eventsOf(slow).length > 1)
  })
})

describe('more streams than a hundred', () => {
  it('are refused, until one ends', async () => {
    const { open, port } = await looked()
    const clients: Client[] = []
    for (let n = 0; n < 100; n++) clients.push(await open())
    await until('all are begun', () => clients.every((each) => eventsOf(each).length > 0))
    expect(await ask(port, 'GET', '/events', { host: 'localhost' })).toMatchObject(
      failure(503, 'TooManyStreams', '100 streams of events are open, and there are no more'),
    )

    clients[0]!.destroy()
    const again = await untilLetIn(open)
    expect(eventsOf(again)).toHaveLength(1)
  })

  async function untilLetIn(open: () => Promise<Client>): Promise<Client> {
    for (;;) {
      const client = await open()
      if ((await client.answer()) === 200) return begun(client).then(() => client)
    }
  }
})

it('streams end where the zones cannot be told any more', async () => {
  let isBroken = false
  const zones = (): Zone[] => {
    if (isBroken) throw new Error('boom')
    return []
  }
  const served: Served = await serve(statusRouter({ zones }), { policies: [] })
  const client = await served.get('/events', { Host: 'localhost' })
  await begun(client)
  isBroken = true
  await until('the stream is at its end', () => client.received.endsWith('0\r\n\r\n'))
  client.get('/events', { Host: 'localhost' })
  expect(await client.answer(2)).toBe(500)
})
