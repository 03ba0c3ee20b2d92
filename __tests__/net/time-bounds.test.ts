import { describe, expect, it } from '@jest/globals'
import type { LimitServerOptions } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { connect2 } from '../helpers/client2.ts'
import { guarded, guardKinds, type Guarded, type GuardKind } from '../helpers/guarded.ts'
import { expectInTime, untilSpent } from '../helpers/bounds.ts'
import { elapse, until } from '../helpers/until.ts'

const kinds = Object.keys(guardKinds) as GuardKind[]
const everyMs = 50

/** A guard that looks often. */
function bounded(kind: GuardKind, options: Partial<LimitServerOptions>): Promise<Guarded> {
  return guarded(kind, { limit: 5, sweep: { everyMs }, ...options })
}

describe.each(kinds)('a guard on %s', (kind) => {
  it('A-12: closes within one sweep what was open for maxLifetimeMs', async () => {
    const causes: string[] = []
    const { connect, zone } = await bounded(kind, {
      maxLifetimeMs: 200,
      onEvict: (socket, cause) => (causes.push(cause), void socket.destroy()),
    })
    const startMs = performance.now()
    const client = await connect()
    await client.closed()
    expectInTime(performance.now() - startMs, 200, everyMs)
    expect(causes).toEqual(['expired'])
    expect(zone.stats()).toMatchObject({ passed: 1, expired: 1, idled: 0, active: 0 })
  })

  it('A-12: closes within one sweep what was silent for maxIdleMs', async () => {
    const { connect, zone } = await bounded(kind, { maxIdleMs: 200 })
    const startMs = performance.now()
    const client = await connect()
    await client.closed()
    expectInTime(performance.now() - startMs, 200, everyMs)
    expect(zone.stats()).toMatchObject({ passed: 1, expired: 0, idled: 1, active: 0 })
  })
})

/** Makes a byte move on a connection, one way or the other. */
const ways: Record<string, (client: Client, served: Guarded) => void> = {
  'the client sends': (client) => client.write('x'),
  'the server sends': (_, { sockets }) => [...sockets].at(-1)!.write('x'),
}

describe.each(['net', 'tls'] as const)('maxIdleMs in a guard on %s', (kind) => {
  it.each(Object.keys(ways))('lets live on while %s', async (way) => {
    const served = await bounded(kind, { maxIdleMs: 400 })
    const client = await served.connect()
    await until('it is counted', () => served.zone.stats().active === 1)
    await untilSpent(700, 40, () => ways[way]!(client, served))
    expect(client.isClosed).toBe(false)

    const lastMs = performance.now()
    ways[way]!(client, served)
    await client.closed()
    expectInTime(performance.now() - lastMs, 400, everyMs)
    expect(served.zone.stats()).toMatchObject({ idled: 1, active: 0 })
  })
})

describe.each(['http2', 'http2 secure'] as const)('maxIdleMs in a guard on %s', (kind) => {
  it('closes a silent session, though the sweep makes it answer a PING now and then', async () => {
    const served = await bounded(kind, { maxIdleMs: 500, sweep: { everyMs: 20, graceMs: 100 } })
    let pings = 0
    const startMs = performance.now()
    const session = await connect2(served)
    session.session.on('ping', () => pings++)
    await session.closed()
    expect(pings).toBeGreaterThan(0)
    expectInTime(performance.now() - startMs, 500, 20)
    expect(served.zone.stats()).toMatchObject({ idled: 1, active: 0 })
  })

  it('lets a session live on while a stream of it is written to', async () => {
    const served = await bounded(kind, { maxIdleMs: 400, sweep: { everyMs: 20, graceMs: 100 } })
    const session = await connect2(served)
    const stream = session.get()
    await served.held.arrived(1)
    await untilSpent(700, 40, () => served.held.waiting[0]!.res.write('x'))
    expect([session.isClosed, stream.isClosed]).toEqual([false, false])
    await session.closed()
    expect(served.zone.stats()).toMatchObject({ idled: 1, active: 0 })
  })
})

it.each(['', 'hello'])(
  'maxIdleMs counts from the last byte, not from the sweep that sees it: "%s"',
  async (text) => {
    const { connect, zone } = await bounded('net', { maxIdleMs: 300, sweep: { everyMs: 600 } })
    const startMs = performance.now()
    const client = await connect()
    await until('it is counted', () => zone.stats().active === 1)
    await elapse(50)
    client.write(text)
    await client.closed()
    expect(performance.now() - startMs).toBeLessThan(1_100)
    expect(zone.stats().idled).toBe(1)
  },
)

it('bounds that are set later hold for what is open, counted from then on', async () => {
  const { guard, connect, zone } = await bounded('net', {})
  const client = await connect()
  await until('it is counted', () => zone.stats().active === 1)
  await elapse(100)
  guard.setConfig({ maxLifetimeMs: 200 })
  const startMs = performance.now()
  await client.closed()
  expectInTime(performance.now() - startMs, 200, everyMs)
  expect(zone.stats().expired).toBe(1)
})

it('bounds that are taken away hold no more', async () => {
  const { guard, connect, zone } = await bounded('net', { maxLifetimeMs: 100, maxIdleMs: 100 })
  const client = await connect()
  await until('it is counted', () => zone.stats().active === 1)
  guard.setConfig({ maxLifetimeMs: false, maxIdleMs: false })
  await elapse(400)
  expect([client.isClosed, zone.stats().active]).toEqual([false, 1])
})

it('a dry run closes nobody', async () => {
  const { connect, zone } = await bounded('net', { maxLifetimeMs: 50, maxIdleMs: 50, dryRun: true })
  const client = await connect()
  await elapse(400)
  expect([client.isClosed, zone.stats().active]).toEqual([false, 1])
})

it('a large answer to a slow reader is no silence', async () => {
  const served = await bounded('net', { maxIdleMs: 400 })
  const client = await served.connect()
  await until('the server has it', () => served.sockets.size === 1)
  const [socket] = served.sockets
  client.socket.pause()
  socket!.write(Buffer.alloc(30_000_000))
  await untilSpent(900, 40, () => client.socket.read(300_000))
  expect([client.isClosed, socket!.bytesWritten]).toEqual([false, 30_000_000])
  expect(socket!.writableLength).toBeGreaterThan(0)
})
