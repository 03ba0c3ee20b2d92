import http from 'node:http'
import type net from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { limitServer, limitUpgrade, type DrainReport } from '../../lib/index.ts'
import { guarded, type Guarded, type GuardKind } from '../helpers/guarded.ts'
import { destroyAfter, listen, type Served } from '../helpers/server.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { elapse, until } from '../helpers/until.ts'
import { upgrading } from '../helpers/upgrades.ts'

const none = { idle: 0, ended: 0, cut: 0, upgraded: 0 }
const longMs = 60_000

async function shutDown({ server, guard }: Guarded, ms: number): Promise<DrainReport> {
  server.close()
  return guard.drain(ms)
}

async function counted(kind: GuardKind, n: number, options = {}): Promise<[Guarded, net.Socket[]]> {
  const served = await guarded(kind, { limit: 99, ...options })
  const clients = Array.from({ length: n }, () => tcp(served.port))
  await until('all are counted', () => served.zone.stats().active === n)
  return [served, clients]
}

describe('a guard drains', () => {
  it.each(['net', 'tls', 'https', 'http2 secure'] as const)(
    '%s: a client that sends nothing after the time, for nobody knows what its silence means',
    async (kind) => {
      const [served, clients] = await counted(kind, 3)
      expect(await shutDown(served, 100)).toEqual({ ...none, cut: 3 })
      expect(served.zone.stats()).toMatchObject({ active: 0, drained: 3 })
      await Promise.all(clients.map(closedByServer))
    },
  )

  it.each(['http', 'http2'] as const)('%s: a client that sends nothing at once', async (kind) => {
    const [served, clients] = await counted(kind, 3)
    expect(await shutDown(served, longMs)).toEqual({ ...none, idle: 3 })
    await Promise.all(clients.map(closedByServer))
  })

  it.each(['https', 'http2 secure'] as const)(
    '%s: a client after its TLS handshake at once',
    async (kind) => {
      const served = await guarded(kind, { limit: 99 })
      const client = await served.connect()
      await until('the handshake is done', () => served.sockets.size === 2)
      expect(await shutDown(served, longMs)).toEqual({ ...none, idle: 1 })
      await client.closed()
    },
  )

  it('a request whose headers are not whole as idle', async () => {
    const served = await guarded('http', { limit: 99 })
    const client = (await served.connect()).write('GET / HTTP/1.1\r\nHost: te')
    await until('it is there', () => [...served.sockets].some((socket) => socket.bytesRead > 20))
    expect(await shutDown(served, longMs)).toEqual({ ...none, idle: 1 })
    await client.closed()
    expect(served.held.runs).toBe(0)
  })

  it('a raw TCP connection that ends in time as ended', async () => {
    const [served, [one, other]] = await counted('net', 2)
    const report = shutDown(served, 500)
    await elapse(60)
    one!.destroy()
    expect(await report).toEqual({ ...none, cut: 1, ended: 1 })
    await closedByServer(other!)
  })

  it('and resolves early when all have gone by themselves', async () => {
    const [served, clients] = await counted('tls', 5)
    const report = shutDown(served, longMs)
    for (const client of clients) client.destroy()
    expect(await report).toEqual({ ...none, ended: 5 })
  })

  it('who comes meanwhile, as long as the server listens', async () => {
    const [served, [first]] = await counted('net', 1)
    const report = served.guard.drain(400)
    await elapse(60)
    const late = tcp(served.port)
    await until('it is let in', () => served.zone.stats().active === 2)
    expect(await report).toEqual({ ...none, cut: 2 })
    await Promise.all([first!, late].map(closedByServer))
  })

  it('what it no longer guards', async () => {
    const [served, clients] = await counted('net', 2)
    served.guard.stop()
    expect(await shutDown(served, 0)).toEqual({ ...none, cut: 2 })
    await Promise.all(clients.map(closedByServer))
  })

  it('and resolves when the last word was said, to the idle too', async () => {
    const told: unknown[] = []
    const onEvict = (socket: net.Socket, cause: string): void => {
      told.push(cause)
      setTimeout(() => socket.end(), 150)
    }
    const [served] = await counted('http', 2, { onEvict })
    expect(await shutDown(served, longMs)).toEqual({ ...none, idle: 2 })
    expect(told).toEqual(['drained', 'drained'])
    expect([...served.sockets].filter(({ destroyed }) => !destroyed)).toEqual([])
  })

  it('and resolves within a second, though a client takes no notice of the last word', async () => {
    const [served] = await counted('net', 2, { onEvict: () => undefined })
    const startMs = performance.now()
    expect(await shutDown(served, 0)).toEqual({ ...none, cut: 2 })
    expect(performance.now() - startMs).toBeGreaterThan(850)
    expect([...served.sockets].filter(({ destroyed }) => !destroyed)).toEqual([])
  })
})

/** A server of WebSockets, and what closes one with a close frame. */
function webSockets(): { wss: WebSocketServer; onEvict: (socket: Duplex) => void } {
  const wss = new WebSocketServer({ noServer: true })
  const onEvict = (socket: Duplex): void => {
    for (const ws of wss.clients) if (Reflect.get(ws, '_socket') === socket) ws.close(1001, 'going away')
  }
  return { wss, onEvict }
}

async function openAll({ url }: Served, n: number): Promise<{ codes: number[] }> {
  const codes: number[] = []
  for (let i = 0; i < n; i++) {
    const ws = new WebSocket(url.replace('http', 'ws'), { rejectUnauthorized: false })
    destroyAfter({ destroy: () => ws.terminate() })
    ws.on('close', (code) => codes.push(code))
    await new Promise<void>((resolve, reject) => ws.on('open', () => resolve()).on('error', reject))
  }
  return { codes }
}

describe.each(['http', 'https'] as const)('WebSockets on %s get a close frame after the time', (kind) => {
  it('by a guard, beside what is idle and what is in work', async () => {
    const { wss, onEvict } = webSockets()
    const served = await guarded(kind, { limit: 99, onEvict })
    served.server.on('upgrade', (req: http.IncomingMessage, socket: Duplex, head: Buffer) => {
      wss.handleUpgrade(req, socket, head, (ws) => wss.emit('connection', ws, req))
    })
    const { codes } = await openAll(served, 3)
    const client = await served.connect()
    client.get()
    await served.held.arrived(1)
    const report = shutDown(served, 200)
    served.held.release()
    expect(await report).toEqual({ ...none, upgraded: 3, ended: 1 })
    await until('all are told', () => codes.length === 3)
    expect(codes).toEqual([1001, 1001, 1001])
    expect(served.zone.stats()).toMatchObject({ active: 0 })
  })

  it('by limitUpgrade, and resolves as soon as they have answered it', async () => {
    const { wss, onEvict } = webSockets()
    const served = await upgrading(
      { limit: 99, onEvict },
      {
        tls: kind === 'https',
        handler: (req, socket, head) => wss.handleUpgrade(req, socket, head, () => undefined),
      },
    )
    const { codes } = await openAll(served, 3)
    served.server.close()
    const startMs = performance.now()
    expect(await served.policy.drain(50)).toEqual({ ...none, upgraded: 3 })
    expect(performance.now() - startMs).toBeLessThan(850)
    await until('all are told', () => codes.length === 3)
    expect(codes).toEqual([1001, 1001, 1001])
    expect(served.zone.stats()).toMatchObject({ active: 0, drained: 3 })
  })
})

it('a WebSocket without onEvict is closed without a word', async () => {
  const { wss } = webSockets()
  const server = http.createServer()
  const policy = limitUpgrade({ limit: 9, logLevel: false }, (req, socket, head) => {
    wss.handleUpgrade(req, socket, head, () => undefined)
  })
  const served = await listen(server.on('upgrade', policy), { policies: [policy] })
  const { codes } = await openAll(served, 1)
  expect(await policy.drain(0)).toEqual({ ...none, upgraded: 1 })
  await until('it is closed', () => codes.length === 1)
  expect(codes).toEqual([1006])
})

it('a guard and limitUpgrade that share a zone are drained together: one closes a connection, for the other it has ended', async () => {
  const server = http.createServer()
  const guard = limitServer(server, { limit: 99, logLevel: false })
  const upgrade = limitUpgrade({ limit: 99, zone: guard.zones[0]!, logLevel: false }, (_req, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n')
  })
  server.on('upgrade', upgrade)
  const { connect } = await listen(server, { policies: [guard, upgrade] })
  const client = await connect()
  client.get('/', { Connection: 'Upgrade', Upgrade: 'foo' })
  expect(await client.answer()).toBe(101)
  const reports = await Promise.all([guard.drain(50), upgrade.drain(50)])
  // Which of them is the first to close it is chance.
  const expected = [
    { ...none, upgraded: 1 },
    { ...none, ended: 1 },
  ]
  expect(reports).toEqual(reports[0].upgraded === 1 ? expected : expected.toReversed())
  await client.closed()
})
