import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { expect } from '@jest/globals'
import { WebSocketServer } from 'ws'
import { isLostByKernel } from '../../lib/connection/pulse.ts'
import { limitConn, limitServer, Zone, type LimitServerOptions } from '../../lib/index.ts'
import { connectTo, type Client, type Place } from './client.ts'
import { bare } from './hosts.ts'
import { connectionsOf, listen, readTls, type Handler, type Served } from './server.ts'
import { elapse, until } from './until.ts'

/** The server under attack: what it speaks, and what stands before its application. */
export interface Variant {
  readonly tls: boolean
  readonly reject?: NonNullable<LimitServerOptions['reject']>
  /** A middleware with the same limit on the same zone. */
  readonly withMiddleware?: boolean
  readonly limit?: number
  readonly server?: http.ServerOptions
}

/** A server that holds so many connections of an address, and what its application saw. */
export interface Siege extends Served {
  readonly zone: Zone
  readonly limit: number
  /** Most connections of 127.0.0.1 that the application ever had at one time. */
  readonly most: () => number
}

export async function besieged(variant: Variant): Promise<Siege> {
  const { tls, reject = 'destroy', withMiddleware = false, limit = 5 } = variant
  const zone = new Zone({ name: 'besieged' })
  const common = { zone, limit, logLevel: false, sweep: { everyMs: 20, graceMs: 300 } } as const
  const policies = withMiddleware ? [limitConn(common)] : []
  const server = serverOf(variant, bare(policies, stream))

  const guard = limitServer(server, { ...common, reject })
  takeUpgrades(server)
  const most = watchMost(server)
  const served = await listen(server, { policies: [guard, ...policies], guard, tls })
  return { ...served, zone, limit, most }
}

function serverOf({ tls, server = {} }: Variant, handler: Handler): http.Server {
  if (!tls) return http.createServer(server, handler)
  return https.createServer({ ...server, key: readTls('key.pem'), cert: readTls('cert.pem') }, handler)
}

/** Answers bit by bit and never ends, as an event stream does; `/now` at once. Of a body it reads none on `/unread`. */
function stream(req: IncomingMessage, res: ServerResponse): void {
  if (req.url === '/now') return void res.end('now')
  if (req.url === '/upload') return void req.resume()
  if (req.url === '/unread') return

  res.writeHead(200, { 'Content-Type': 'text/event-stream' })
  res.write('data: hello\n\n')
  const timer = setInterval(() => {
    if (req.socket.destroyed) clearInterval(timer)
    else res.write('data: tick\n\n')
  }, 20).unref()
}

/** WebSockets on `/ws`; any other upgrade, and every CONNECT, is forgotten as applications forget them. */
function takeUpgrades(server: http.Server): void {
  const sockets = new WebSocketServer({ noServer: true })
  sockets.on('connection', (ws) => {
    ws.on('message', (data: Buffer) => ws.send(data)).on('error', () => undefined)
  })
  server.on('connect', () => undefined)
  server.on('upgrade', (req, socket, head) => {
    if (req.url !== '/ws') return
    sockets.handleUpgrade(req, socket, head, (ws) => sockets.emit('connection', ws, req))
  })
}

/** Looks each time a connection comes to the application, which is when there can be one more. */
function watchMost(server: http.Server): () => number {
  const open = new Set<Socket>()
  let most = 0
  server.on('connection', (socket: Socket) => {
    if (socket.remoteAddress !== '127.0.0.1') return
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    most = Math.max(most, [...open].filter((one) => !one.destroyed && !isLostByKernel(one)).length)
  })
  return () => most
}

/** As many clients of 127.0.0.1 as the limit says are held, and one more is refused. */
export async function expectCapacity(siege: Siege): Promise<void> {
  const clients: Client[] = []
  for (let n = 0; n < siege.limit; n++) clients.push(await siege.get())
  for (const client of clients) expect(await client.answer()).toBe(200)
  expect(await isRefused(siege.place)).toBe(true)
  expect(clients.filter(({ isClosed }) => isClosed)).toEqual([])

  for (const client of clients) client.destroy()
  await until('their slots are given back', () => siege.zone.count('127.0.0.1') === 0)
}

async function isRefused(place: Place): Promise<boolean> {
  try {
    const client = await connectTo(place)
    await client.closed()
    return client.statuses.every((status) => status === 503)
  } catch {
    // Under TLS it is gone before the handshake.
    return true
  }
}

/** The server has no more open than those it may hold, and the one that asks meanwhile; what it refuses it closes. */
export async function expectRefusedClosed({ server, limit }: Siege, withinMs = 2_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while ((await connectionsOf(server)) > limit + 1 && performance.now() < deadline) await elapse(5)
  expect(await connectionsOf(server)).toBeLessThanOrEqual(limit + 1)
}
