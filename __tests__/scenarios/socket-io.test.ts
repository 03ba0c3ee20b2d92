import type { Server as HttpServer } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { Server } from 'socket.io'
import { io as connectIo, type ManagerOptions, type Socket } from 'socket.io-client'
import {
  limitConn,
  limitServer,
  limitUpgrade,
  type LimitUpgrade,
  type LimitUpgradeOptions,
  type UpgradeHandler,
} from '../../lib/index.ts'
import { destroyAfter, expectEven, listen, type Served } from '../helpers/server.ts'
import { makeServer, upgradeTo } from '../helpers/upgrades.ts'
import { until } from '../helpers/until.ts'

type Transports = readonly ('polling' | 'websocket')[]

const websocket: Transports = ['websocket']
const pollingFirst: Transports = ['polling', 'websocket']

/** A client of socket.io, and what it has met. */
class IoClient {
  readonly socket: Socket
  readonly errors: unknown[] = []
  isUpgraded = false
  isHeldBack = false

  constructor({ url }: Served, transports: Transports) {
    const options = { transports: [...transports], reconnection: false, forceNew: true }
    this.socket = connectIo(url, { ...options, rejectUnauthorized: false } as Partial<ManagerOptions>)
    this.socket.on('connect_error', ({ description }: Error & { description?: unknown }) =>
      this.errors.push(description),
    )
    const { engine } = this.socket.io
    engine.on('upgrade', () => (this.isUpgraded = true))
    engine.on('upgradeError', () => (this.isHeldBack = true))
    destroyAfter({ destroy: () => this.socket.close() })
  }

  get isDecided(): boolean {
    return this.socket.connected || this.errors.length > 0
  }
}

/** Makes a client, and waits until it is connected. */
async function connected(served: Served, transports: Transports): Promise<IoClient> {
  const client = new IoClient(served, transports)
  await until('it is decided on', () => client.isDecided)
  expect(client.errors).toEqual([])
  return client
}

/** Says something, and waits for it to come back. */
async function checkLives({ socket }: IoClient): Promise<void> {
  expect(await socket.timeout(5_000).emitWithAck('echo', 'ping')).toBe('ping')
}

function makeIo(server: HttpServer): Server {
  const io = new Server(server, { serveClient: false })
  io.on('connection', (socket) =>
    socket.on('echo', (text: string, answer: (text: string) => void) => answer(text)),
  )
  destroyAfter({ destroy: () => io.disconnectSockets(true) })
  return io
}

/** Puts a policy in front of the listener that socket.io has on the server. */
function putInFront(server: HttpServer, options: LimitUpgradeOptions): LimitUpgrade {
  const [listener] = server.listeners('upgrade') as UpgradeHandler[]
  const policy = limitUpgrade(options, listener!)
  server.removeListener('upgrade', listener!).on('upgrade', policy)
  return policy
}

async function limited(options: Partial<LimitUpgradeOptions> = {}, tls = false) {
  const server = makeServer(tls)
  const io = makeIo(server)
  const policy = putInFront(server, { limit: 5, logLevel: false, ...options })
  const served = await listen(server, { policies: [policy], tls })
  return { served, io, policy, zone: policy.zones[0]! }
}

async function clientsOf(served: Served, times: number): Promise<IoClient[]> {
  const clients = Array.from({ length: times }, () => new IoClient(served, websocket))
  await until('each is decided on', () => clients.every(({ isDecided }) => isDecided))
  return clients
}

const connectedOf = (clients: readonly IoClient[]): IoClient[] =>
  clients.filter(({ socket }) => socket.connected)

describe.each([false, true])('socket.io behind limitUpgrade, TLS %s', (tls) => {
  it('A-10: of 50 clients by WebSocket 5 connect, and the others are answered 503', async () => {
    const { served, io, zone } = await limited({}, tls)
    const clients = await clientsOf(served, 50)
    const open = connectedOf(clients)
    expect(open).toHaveLength(5)
    expect(io.engine.clientsCount).toBe(5)
    for (const client of open) await checkLives(client)
    const messages = clients.flatMap(({ errors }) => errors).map((error) => (error as Error).message)
    expect(new Set(messages)).toEqual(new Set(['Unexpected server response: 503']))
    expect(zone.stats()).toMatchObject({ passed: 5, rejected: 45, active: 5, peak: 5 })
  })

  it.each([
    ['the client disconnects', (client: IoClient) => client.socket.disconnect()],
    ['the server disconnects it', (_: IoClient, io: Server) => io.disconnectSockets(true)],
    ['the engine closes', (client: IoClient) => client.socket.io.engine.close()],
  ])('the slot comes back when %s', async (_, end) => {
    const { served, io, zone } = await limited({ limit: 1 }, tls)
    const client = await connected(served, websocket)
    await checkLives(client)
    end(client, io)
    await until('the slot is given back', () => zone.stats().active === 0)
    await connected(served, websocket)
  })

  it('polling first: the WebSocket that comes later has the slot', async () => {
    const { served, zone } = await limited({ limit: 1 }, tls)
    const client = await connected(served, pollingFirst)
    await until('it has changed to a WebSocket', () => client.isUpgraded)
    await checkLives(client)
    expect(zone.stats()).toMatchObject({ passed: 1, active: 1 })
    client.socket.disconnect()
    await until('the slot is given back', () => zone.stats().active === 0)
  })

  it('polling first: who is refused the WebSocket stays connected by polling', async () => {
    const { served, zone } = await limited({ limit: 1 }, tls)
    const first = await connected(served, websocket)
    const client = await connected(served, pollingFirst)
    await until('its WebSocket is refused', () => client.isHeldBack)
    await checkLives(client)
    await checkLives(first)
    expect(client.isUpgraded).toBe(false)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
  })

  it('an async key: the first frame of a client is not lost', async () => {
    const { served } = await limited({ key: async () => 'k' }, tls)
    for (const client of await clientsOf(served, 5)) await checkLives(client)
  })
})

it('an upgrade of another path is counted too, and ended by socket.io', async () => {
  const { served, zone } = await limited()
  const client = (await served.connect()).write(upgradeTo('foo', '/elsewhere'))
  await until('it is counted', () => zone.stats().active === 1)
  await client.closed()
  await until('the slot is given back', () => zone.stats().active === 0)
})

describe('limitConn as a middleware of the engine', () => {
  it('counts polls and WebSockets alike; a refused WebSocket is closed without a status', async () => {
    const server = makeServer(false)
    const io = makeIo(server)
    const policy = limitConn({ limit: 2, logLevel: false })
    io.engine.use(policy)
    const served = await listen(server, { policies: [policy] })
    const [zone] = policy.zones

    const clients = await clientsOf(served, 3)
    expect(connectedOf(clients)).toHaveLength(2)
    expect(zone!.stats()).toMatchObject({ passed: 2, rejected: 1, active: 2 })
    const polling = new IoClient(served, ['polling'])
    await until('its poll is refused', () => polling.errors.length > 0)
    expect(polling.errors).toEqual([503])

    for (const client of clients) client.socket.disconnect()
    await until('the slots are given back', () => zone!.stats().active === 0)
    await checkLives(await connected(served, ['polling']))
  })
})

describe.each([false, true])('socket.io under the guard, TLS %s', (tls) => {
  it('A-10: of 50 clients by WebSocket 5 connect, and their slots come back at close', async () => {
    const server = makeServer(tls)
    makeIo(server)
    const guard = limitServer(server, { limit: 5, logLevel: false })
    const served = await listen(server, { policies: [guard], guard, tls })
    const [zone] = guard.zones

    const open = connectedOf(await clientsOf(served, 50))
    expect(open).toHaveLength(5)
    await expectEven(server, guard)
    for (const client of open) await checkLives(client)
    expect(zone!.stats()).toMatchObject({ passed: 5, active: 5, peak: 5 })

    for (const client of open) client.socket.disconnect()
    await until('the slots are given back', () => zone!.stats().active === 0)
    await connected(served, websocket)
  })

  it('an async key: a client that has sent all at once is heard', async () => {
    const server = makeServer(tls)
    makeIo(server)
    const guard = limitServer(server, { limit: 5, key: async () => 'k', logLevel: false })
    const served = await listen(server, { policies: [guard], guard, tls })
    for (const client of await clientsOf(served, 5)) await checkLives(client)
    expect(guard.zones[0]!.count('k')).toBe(5)
  })

  it('polling first: a client needs more than one connection while it changes, and one after', async () => {
    const server = makeServer(tls)
    makeIo(server)
    const guard = limitServer(server, { limit: 10, logLevel: false })
    const served = await listen(server, { policies: [guard], guard, tls })
    const client = await connected(served, pollingFirst)
    await until('it has changed to a WebSocket', () => client.isUpgraded)
    await checkLives(client)
    const [zone] = guard.zones
    expect(zone!.stats().peak).toBeGreaterThan(1)
  })
})
