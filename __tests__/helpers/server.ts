import { readFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import path from 'node:path'
import { afterEach, expect } from '@jest/globals'
import type { LimitServer, Zone } from '../../lib/index.ts'
import { connectTo, type Client, type Place } from './client.ts'
import { nextTurn, patienceMs, until } from './until.ts'

export type Handler = (req: http.IncomingMessage, res: http.ServerResponse) => unknown

/** A policy of any kind, as the harness asks it. */
export interface Watched {
  readonly zones: readonly Zone[]
  readonly watched: number
}

export interface ListenOptions {
  /** Policies that must have nothing left when the test ends. */
  readonly policies: readonly Watched[]
  readonly tls?: boolean
  /** Address to listen on. @default '127.0.0.1' */
  readonly host?: string
  /** Path of a Unix socket to listen on, instead of a port. */
  readonly path?: string
  /**
   * A guard whose first zone has a slot for each connection of the server, or of all servers whose guards count in it,
   * and no other: checked at rest, when the test ends.
   */
  readonly guard?: LimitServer
}

export interface ServeOptions extends ListenOptions {
  /** Speaks HTTP/2: h2c, or over TLS with HTTP/1 beside it. */
  readonly http2?: boolean
  readonly server?: http.ServerOptions | http2.SecureServerOptions
}

interface Running {
  readonly policies: readonly Watched[]
  readonly guard: LimitServer | undefined
  readonly server: Server & { closeAllConnections?(): void }
  readonly sockets: Set<Socket>
}

/** A server of a test, and the clients that were made for it. */
export interface Served {
  readonly server: Server
  readonly place: Place
  readonly port: number
  readonly url: string
  /** Sockets that the server has open now. */
  readonly sockets: ReadonlySet<Socket>
  readonly connect: (options?: object) => Promise<Client>
  /** Connects, asks for a path, and leaves the connection open. */
  readonly get: (path?: string, headers?: Record<string, string>) => Promise<Client>
}

const running: Running[] = []
const clients: { destroy(): unknown }[] = []
const closings: (() => unknown)[] = []

export const readTls = (name: string): Buffer => readFileSync(path.join(__dirname, 'tls', name))

/** Serves on loopback. When the test ends everything is closed, and the accounting must come out even. */
export async function serve(handler: Handler, options: ServeOptions): Promise<Served> {
  return listen(serverOf(handler, options), options)
}

/** Makes a server listen; when the test ends it is looked after as one of {@link serve}. */
export async function listen(server: Server, options: ListenOptions): Promise<Served> {
  const { tls = false, policies, guard } = options
  const sockets = new Set<Socket>()
  for (const event of ['connection', 'secureConnection'])
    server.on(event, (socket: Socket) => track(sockets, socket))
  running.push({ policies, guard, server, sockets })

  await new Promise<void>((resolve) => {
    if (options.path === undefined) server.listen(0, options.host ?? '127.0.0.1', resolve)
    else server.listen(options.path, resolve)
  })
  const port = options.path === undefined ? (server.address() as AddressInfo).port : 0
  const place: Place = options.path === undefined ? { port, isTls: tls } : { path: options.path }

  async function connect(connectOptions: object = {}): Promise<Client> {
    const client = await connectTo(place, connectOptions)
    destroyAfter(client)
    return client
  }
  return {
    server,
    place,
    port,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    sockets,
    connect,
    get: async (requestPath, headers) => (await connect()).get(requestPath, headers),
  }
}

/** A server that is not listening yet. */
export function serverOf(
  handler: Handler,
  { tls = false, http2: isHttp2 = false, server }: Omit<ServeOptions, 'policies'>,
): Server {
  const settings = { ...server, keepAliveTimeout: 60_000 }
  const secure = { ...settings, key: readTls('key.pem'), cert: readTls('cert.pem') }
  const handlerOf2 = handler as unknown as Parameters<typeof http2.createServer>[1]

  if (isHttp2 && tls) return http2.createSecureServer({ ...secure, allowHTTP1: true }, handlerOf2)
  if (isHttp2) return http2.createServer(settings as http2.ServerOptions, handlerOf2)
  if (tls) return https.createServer(secure as https.ServerOptions, handler)
  return http.createServer(settings as http.ServerOptions, handler)
}

/** Destroys a client when the test ends. */
export function destroyAfter(client: { destroy(): unknown }): void {
  clients.push(client)
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket)
  socket.on('close', () => {
    sockets.delete(socket)
    checkListeners(socket)
  })
}

/** Does something when the test and its servers have ended, before handles are looked for that are still open. */
export function afterServers(close: () => unknown): void {
  closings.push(close)
}

/** The last one first; one that fails does not keep the others open. */
async function closeAll(): Promise<void> {
  const failures: unknown[] = []
  for (const close of closings.splice(0).toReversed())
    await Promise.resolve(close()).catch((cause: unknown) => failures.push(cause))
  if (failures.length > 0) throw failures[0]
}

/** Takes sockets that will never tell their end out of what is waited for when the test ends. */
export function forget({ sockets }: Pick<Served, 'sockets'>): void {
  ;(sockets as Set<Socket>).clear()
}

const ours: number[] = []

function checkListeners(socket: Socket): void {
  ours.push(socket.listeners('close').filter((listener) => listener.name === 'endHolder').length)
}

/** Nothing is counted, watched or open any more. Jest itself fails a test that leaves a rejection unhandled. */
async function expectNothingLeft({ policies, server, sockets }: Running): Promise<void> {
  await until('every slot is given back', () => policies.every((policy) => policy.zones.every(isEmpty)))
  for (const zone of policies.flatMap((policy) => policy.zones)) {
    expect(zone.audit()).toEqual({ active: 0, found: 0, gone: 0, stalled: 0, isClean: true })
    expect(zone.stats().keys).toBe(0)
  }
  await until('every socket of the server is closed', () => sockets.size === 0)
  await until('no connection is watched', () => policies.every((policy) => policy.watched === 0))
  while ((await connectionsOf(server)) > 0) await nextTurn()
}

/** What the server itself counts; sockets that another process has taken included. */
export function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
}

/** Waits until the server itself counts so many. */
export async function untilConnections(server: Server, count: number, withinMs = patienceMs): Promise<void> {
  let open = -1
  const ask = (): void => void server.getConnections((_, now) => (open = now))
  await until(`${count} connections are open`, () => (ask(), open === count), withinMs)
}

function openHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => /^TCP(Server|Socket)Wrap$/.test(name)).length
}

/** At rest a guard has counted what its server has open; guards on one zone, what their servers have together. */
export async function expectEven(
  servers: Server | readonly Server[],
  guard: LimitServer,
  withinMs = patienceMs,
): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const counts = await Promise.all([servers].flat().map((server) => connectionsOf(server)))
    const [active, open] = [guard.zones[0]!.stats().active, counts.reduce((sum, count) => sum + count, 0)]
    if (active === open && active === guard.zones[0]!.stats().active) return
    if (performance.now() > deadline) expect({ active }).toEqual({ active: open })
    await nextTurn()
  }
}

/** The servers whose guards count in a zone. */
function serversOn(zone: Zone | undefined, all: readonly Running[]): Server[] {
  return all.filter(({ guard }) => guard?.zones[0] === zone).map(({ server }) => server)
}

function isEmpty(zone: Zone): boolean {
  return zone.stats().active === 0
}

afterEach(async () => {
  const ended = running.splice(0)
  for (const { guard } of ended) if (guard) await expectEven(serversOn(guard.zones[0], ended), guard)

  for (const client of clients.splice(0)) client.destroy()
  for (const { server, sockets } of ended) {
    server.close()
    server.closeAllConnections?.()
    for (const socket of sockets) socket.destroy()
  }
  try {
    for (const one of ended) await expectNothingLeft(one)
  } finally {
    await closeAll()
  }

  await until('no handle of a server or a client is open', () => openHandles() === 0)
  expect(Math.max(0, ...ours.splice(0))).toBeLessThanOrEqual(1)
})
