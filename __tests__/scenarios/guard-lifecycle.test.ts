import diagnostics from 'node:diagnostics_channel'
import { once } from 'node:events'
import http from 'node:http'
import type net from 'node:net'
import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { limitServer } from '../../lib/index.ts'
import { Child } from '../helpers/child.ts'
import type { Client } from '../helpers/client.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { guarded, type Guarded } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { destroyAfter, expectEven, listen } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const script = (name: string): string => path.join(__dirname, '../helpers', name)

describe.each(['http', 'https'] as const)('A-23: shutting down a server of %s', (kind) => {
  interface Four extends Guarded {
    /** Had a request answered, and waits. */
    readonly idle: Client
    /** Has a request that is not answered. */
    readonly active: Client
    /** Never sent a byte. */
    readonly silent: Client
    readonly ws: WebSocket
  }

  /** A client of each sort. */
  async function four(): Promise<Four> {
    const served = await guarded(kind, { limit: 9 })
    const wss = new WebSocketServer({ server: served.server as http.Server })
    wss.on('connection', (socket) => socket.on('error', () => undefined))
    const ws = new WebSocket(served.url.replace('http', 'ws'), { rejectUnauthorized: false })
    destroyAfter({ destroy: () => ws.terminate() })
    await once(ws, 'open')

    const idle = await served.get()
    await served.held.arrived(1)
    served.held.release()
    await idle.answer()
    const [active, silent] = [await served.get(), await served.connect()]
    await served.held.arrived(1)
    await until('all are counted', () => served.zone.stats().active === 4)
    // Node closes no connection that is in its handshake.
    await until('no handshake is left', () => served.sockets.size === (kind === 'https' ? 8 : 4))
    return { ...served, idle, active, silent, ws }
  }

  /** The count, and that it is that of the server. */
  async function expectCounted({ zone, server, guard }: Guarded, active: number): Promise<void> {
    await until(`${active} are counted`, () => zone.stats().active === active)
    await expectEven(server, guard)
    expect(zone.stats().active).toBe(active)
  }

  it('N13: closeIdleConnections leaves what never sent a request, what is active, and WebSockets', async () => {
    const all = await four()
    ;(all.server as http.Server).closeIdleConnections()
    await all.idle.closed()
    await expectCounted(all, 3)
    expect([all.active.isClosed, all.silent.isClosed, all.ws.readyState]).toEqual([
      false,
      false,
      WebSocket.OPEN,
    ])
  })

  it('N14: closeAllConnections leaves WebSockets, which stay counted until they close', async () => {
    const all = await four()
    ;(all.server as http.Server).closeAllConnections()
    for (const client of [all.idle, all.active, all.silent]) await client.closed()
    await expectCounted(all, 1)
    expect(all.ws.readyState).toBe(WebSocket.OPEN)

    all.ws.terminate()
    await expectCounted(all, 0)
  })

  it('N15: close() lets the active finish, and nothing is counted in the end', async () => {
    const all = await four()
    const server = all.server as http.Server
    server.keepAliveTimeout = 100
    let isClosed = false
    server.close(() => (isClosed = true))
    await all.idle.closed()
    await expectCounted(all, 3)

    all.held.release()
    expect(await all.active.answer()).toBe(200)
    await all.active.closed()
    all.silent.destroy()
    all.ws.close()
    await expectCounted(all, 0)
    await until('the server is closed', () => isClosed)
  })
})

describe('N16: timeouts of Node, which middleware never hears of', () => {
  /** A server with short times, a guard on it, and what it heard. */
  async function impatient(times: http.ServerOptions) {
    const codes: unknown[] = []
    const held = new Held()
    const server = http.createServer({ connectionsCheckingInterval: 20, ...times }, held.handler)
    server.on(
      'clientError',
      (error: NodeJS.ErrnoException, socket) => (codes.push(error.code), socket.destroy()),
    )
    const guard = limitServer(server, { limit: 9, logLevel: false })
    return { ...(await listen(server, { policies: [guard], guard })), codes, held, zone: guard.zones[0]! }
  }

  it.each([
    ['nothing', ''],
    ['a part of a header', 'GET / HTTP/1.1\r\nHo'],
  ])('headersTimeout frees a client that sends %s', async (_, text) => {
    const { connect, codes, held, zone } = await impatient({ headersTimeout: 60, requestTimeout: 120 })
    const client = (await connect()).write(text)
    await until('it is counted', () => zone.stats().passed === 1)
    await client.closed()

    await until('the slot is given back', () => zone.stats().active === 0)
    expect(codes).toEqual(['ERR_HTTP_REQUEST_TIMEOUT'])
    expect(held.runs).toBe(0)
  })

  it('keepAliveTimeout frees a client that asks no more', async () => {
    const { get, held, zone } = await impatient({ keepAliveTimeout: 50 })
    const client = await get()
    await held.arrived(1)
    held.release()
    await client.answer()
    await client.closed()
    await until('the slot is given back', () => zone.stats().active === 0)
    expect(zone.stats().passed).toBe(1)
  })

  it('N18: a timeout listener of the user keeps the connection, and the slot', async () => {
    const { connect, server, zone } = await impatient({})
    let timeouts = 0
    ;(server as http.Server).setTimeout(20, () => timeouts++)
    const client = await connect()
    await until('it has timed out', () => timeouts > 0)

    expect(zone.stats().active).toBe(1)
    expect(client.isClosed).toBe(false)
  })

  it('N17: the defaults that free silent clients', () => {
    const { headersTimeout, requestTimeout, keepAliveTimeout, timeout, maxConnections } = http.createServer()
    expect({ headersTimeout, requestTimeout, timeout, maxConnections }).toEqual({
      headersTimeout: 60_000,
      requestTimeout: 300_000,
      timeout: 0,
      maxConnections: undefined,
    })
    expect(keepAliveTimeout).toBeGreaterThan(0)
  })
})

it('N35, N36, F22, F32, F35: each worker counts by itself; the counts of one that is killed vanish with it, the others stay', async () => {
  const child = new Child([script('cluster-guard.js')])
  interface Counted {
    readonly pid: number
    readonly active: number
    readonly port: number
  }
  /** What each worker has told last. */
  const latest = (): Map<number, Counted> =>
    new Map((child.messages as Counted[]).map((message) => [message.pid, message]))
  const full = (): Counted[] => [...latest().values()].filter(({ active }) => active === 2)

  await child.until('both listen', () => latest().size === 2)
  const { port } = [...latest().values()][0]!
  const clients: net.Socket[] = []
  const open = (): net.Socket[] => clients.filter((client) => !client.resume().closed)
  /** Connects until there is no room; who finds none is closed. */
  const fill = (): Promise<unknown> =>
    child.until('all are full', () => (clients.push(tcp(port)), full().length === latest().size))
  await fill()
  await until('two are open in each', () => open().length === 4)

  const [victim] = full()
  const before = open()
  process.kill(victim!.pid, 'SIGKILL')
  await until('two are closed', () => before.filter((client) => client.closed).length === 2)
  await child.until('there is a third', () => latest().size === 3)
  await fill()
  await until('two are open in each', () => open().length === 4)
  expect(before.filter((client) => client.closed)).toHaveLength(2)
})

it('N41: a handler that throws, in a process that goes on, leaves its connection counted until it closes', async () => {
  const child = new Child([script('throwing-request.js')])
  expect(await child.exit()).toBe(0)
  expect(JSON.parse(child.stdout)).toEqual([1, 0])
})

it('N45: the diagnostics channel of Node tells of each socket, those that are refused too', async () => {
  let told = 0
  const onMessage = (): void => void told++
  diagnostics.subscribe('net.server.socket', onMessage)
  const { port, zone } = await guarded('net', { limit: 1 })
  tcp(port)
  await until('it is counted', () => zone.stats().active === 1)
  for (let n = 0; n < 3; n++) await closedByServer(tcp(port))
  diagnostics.unsubscribe('net.server.socket', onMessage)

  expect(told).toBe(4)
  expect(zone.stats()).toMatchObject({ passed: 1, rejected: 3 })
})
