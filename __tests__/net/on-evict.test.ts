import { once } from 'node:events'
import type { Socket } from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from '@jest/globals'
import type { LimitServerOptions } from '../../lib/index.ts'
import { guarded, type GuardKind } from '../helpers/guarded.ts'
import { destroyAfter, untilConnections } from '../helpers/server.ts'
import { tcp } from '../helpers/tcp.ts'
import { until } from '../helpers/until.ts'

/** A guard with one slot, taken by a client, and what its farewell was called with. */
async function taken(kind: GuardKind, onEvict: LimitServerOptions['onEvict'] = () => undefined) {
  const calls: [Socket, string][] = []
  const served = await guarded(kind, {
    limit: 1,
    onLimit: 'evict-oldest',
    onEvict(socket, cause) {
      calls.push([socket, cause])
      return onEvict(socket, cause)
    },
  })
  const accepted: Socket[] = []
  served.server.on(kind === 'tls' ? 'secureConnection' : 'connection', (socket: Socket) =>
    accepted.push(socket),
  )
  const victim = await served.connect()
  await until('the server has it', () => accepted.length === 1)
  return { ...served, calls, accepted, victim }
}

/** How long it takes, in milliseconds. */
async function timeOf(work: Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work
  return performance.now() - startMs
}

describe.each(['net', 'tls'] as const)('onEvict in a guard on %s', (kind) => {
  it('says a last word to the client that is closed, once, on the socket that the server had', async () => {
    const { connect, calls, accepted, victim, zone } = await taken(kind, (socket) => socket.end('bye'))
    await connect()
    await victim.closed()
    expect(victim.received).toBe('bye')
    expect(calls).toEqual([[accepted[0], 'evicted']])
    expect(zone.stats()).toMatchObject({ passed: 2, evicted: 1, active: 1, peak: 1 })
  })

  it('is called when the newcomer has its slot', async () => {
    const counts: unknown[] = []
    const setup = await taken(kind, (socket) => {
      counts.push(setup.zone.stats().passed, setup.zone.stats().active)
      socket.end()
    })
    await setup.connect()
    await setup.victim.closed()
    expect(counts).toEqual([2, 1])
  })

  it('that closes nothing: the client is gone within a second, and not counted meanwhile', async () => {
    const { connect, victim, zone, server } = await taken(kind)
    await connect()
    expect(zone.stats().active).toBe(1)
    expect(await timeOf(victim.closed())).toBeGreaterThan(500)
    await untilConnections(server, 1)
  })

  it('that writes more than the client reads: it is gone all the same', async () => {
    const { connect, victim, server } = await taken(kind, (socket) => socket.end(Buffer.alloc(20_000_000)))
    victim.socket.pause()
    await connect()
    await untilConnections(server, 1)
    victim.socket.resume()
    await victim.closed()
    expect(victim.received.length).toBeLessThan(20_000_000)
  })
})

describe('onEvict that fails', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', async () => Promise.reject(new Error('no'))],
    ['destroys the socket and throws', (socket: Socket) => Promise.reject(socket.destroy())],
  ])('%s: the client is closed at once, and the newcomer is served', async (_, onEvict) => {
    const { connect, victim, calls, zone } = await taken('net', onEvict)
    const newcomer = await connect()
    const ms = await timeOf(victim.closed())
    expect(ms).toBeLessThan(800)
    newcomer.write('hello')
    await until('it is echoed', () => newcomer.received === 'hello')
    expect([calls.length, zone.stats().active]).toEqual([1, 1])
  })

  it('kicks the key, the newcomer with it: it is not handed to the server', async () => {
    const { connect, accepted, zone, ...setup } = await taken('net', (socket) => {
      setup.guard.zones[0]!.kick('127.0.0.1')
      socket.destroy()
    })
    await (await connect()).closed()
    await setup.victim.closed()
    expect(accepted).toHaveLength(1)
    expect(zone.stats()).toMatchObject({ passed: 2, evicted: 1, kicked: 1, active: 0 })
  })
})

it('a victim that has closed its side is told, and closed', async () => {
  const served = await taken('net', (socket) => socket.end('bye'))
  served.accepted[0]!.allowHalfOpen = true
  served.victim.socket.allowHalfOpen = true
  served.victim.socket.end()
  await until('its end was seen', () => served.accepted[0]!.readableEnded)
  await served.connect()
  await served.victim.closed()
  expect(served.victim.received).toBe('bye')
})

it('a victim that has reset its connection harms nobody', async () => {
  const served = await taken('net', (socket) => socket.write('bye'))
  served.victim.reset()
  await served.connect()
  await until('one is counted', () => served.zone.stats().active === 1)
})

describe('a victim in its TLS handshake', () => {
  it.each(['tls', 'https', 'http2 secure'] as const)(
    'that has sent nothing is closed, on %s',
    async (kind) => {
      const served = await guarded(kind, { limit: 1, onLimit: 'evict-oldest' })
      const victim = tcp(served.port)
      await until('it is counted', () => served.zone.stats().passed === 1)
      await served.connect()
      victim.resume()
      await until('it is closed', () => victim.closed)
      expect(served.zone.stats()).toMatchObject({ passed: 2, evicted: 1, active: 1 })
    },
  )

  it('is closed at any moment of it, and nothing is left', async () => {
    const served = await guarded('tls', { limit: 1, onLimit: 'evict-oldest' })
    for (let n = 0; n < 200; n++) {
      const socket = tls.connect({ port: served.port, host: '127.0.0.1', rejectUnauthorized: false })
      destroyAfter(socket.on('error', () => undefined))
      await once(socket, 'connect')
      for (let turn = 0; turn < n % 7; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    await until('all were seen', () => served.zone.stats().passed === 200)
    expect(served.zone.stats()).toMatchObject({ evicted: 199, active: 1, peak: 1 })
    await untilConnections(served.server, 1)
  })
})

it('of more than 1,024 that are closed at one time each is told, and what is beyond is closed at once', async () => {
  let told = 0
  const served = await guarded('net', { limit: 1_100, onEvict: () => told++ })
  // No more at once than the backlog of the server takes.
  for (let n = 0; n < 11; n++) await Promise.all(Array.from({ length: 100 }, () => served.connect()))
  await until('all are counted', () => served.zone.stats().active === 1_100)

  expect(served.zone.kick('127.0.0.1')).toBe(1_100)
  expect(told).toBe(1_100)
  expect([...served.sockets].filter(({ destroyed }) => destroyed)).toHaveLength(1_100 - 1_024)
  await untilConnections(served.server, 0)
})
