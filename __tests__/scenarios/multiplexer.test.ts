import http from 'node:http'
import https from 'node:https'
import net, { type Server, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import tls from 'node:tls'
import { expect, it } from '@jest/globals'
import { limitServer, Zone, type LimitServer, type LimitServerOptions } from '../../lib/index.ts'
import { connectTo, type Client } from '../helpers/client.ts'
import { Held } from '../helpers/held.ts'
import { destroyAfter, listen, readTls } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const secure = { key: readTls('key.pem'), cert: readTls('cert.pem') }
const sweep = { everyMs: 20, graceMs: 200 }

/** TLS that is made by hand, on a socket or on a stream. */
function secured(below: Duplex): tls.TLSSocket {
  const socket = new tls.TLSSocket(below, { isServer: true, ...secure })
  return socket.on('error', () => undefined)
}

/** A stream that is no socket, with the bytes of one. */
function duplexOf(raw: Socket): Duplex {
  const duplex = new Duplex({
    read: () => void raw.resume(),
    write: (chunk, _, done) => void raw.write(chunk as Buffer, () => done()),
    final: (done) => void raw.end(done),
    destroy: (error, done) => (raw.destroy(), done(error)),
  })
  raw.on('data', (chunk) => duplex.push(chunk) || raw.pause())
  raw.on('end', () => duplex.push(null)).on('close', () => duplex.destroy())
  return duplex.on('error', () => undefined)
}

interface Way {
  readonly isTls: boolean
  /** The server that the sockets are given to. */
  readonly inner: (held: Held) => Server
  /** How they are given to it. */
  readonly give: (inner: Server, socket: Socket) => void
}

const plain = (held: Held): Server => http.createServer(held.handler)
const withTls = (held: Held): Server => https.createServer(secure, held.handler)

const ways: Record<string, Way> = {
  'a socket to http': {
    isTls: false,
    inner: plain,
    give: (inner, socket) => inner.emit('connection', socket),
  },
  'a socket to https': {
    isTls: true,
    inner: withTls,
    give: (inner, socket) => inner.emit('connection', socket),
  },
  'TLS by hand to http': {
    isTls: true,
    inner: plain,
    give: (inner, socket) => inner.emit('connection', secured(socket)),
  },
  'TLS by hand to https': {
    isTls: true,
    inner: withTls,
    give: (inner, socket) => inner.emit('secureConnection', secured(socket)),
  },
  'TLS over a stream to http': {
    isTls: true,
    inner: plain,
    give: (inner, socket) => inner.emit('connection', secured(duplexOf(socket))),
  },
  'TLS over a stream to https': {
    isTls: true,
    inner: withTls,
    give: (inner, socket) => inner.emit('secureConnection', secured(duplexOf(socket))),
  },
}

const guardOf = (server: Server, options: LimitServerOptions): LimitServer =>
  limitServer(server, { logLevel: false, sweep, ...options })

/** Connects with plain TCP or TLS. A client that the server refuses may see that in the handshake. */
async function tryToConnect(port: number, isTls: boolean): Promise<Client | undefined> {
  const client = await connectTo({ port, isTls }).catch(() => undefined)
  if (client) destroyAfter(client)
  return client
}

/** An outer server of TCP, and a guard on the inner one; on the outer one too if it is told its options. */
async function start(
  { isTls, inner: makeInner, give }: Way,
  options: LimitServerOptions,
  outerOptions?: LimitServerOptions,
) {
  const held = new Held()
  const inner = makeInner(held)
  inner.on('clientError', (_error, socket) => socket.destroy())
  const outer = net.createServer((socket) => {
    socket.on('error', () => undefined)
    give(inner, socket)
  })
  const guard = guardOf(inner, options)
  const outerGuard = outerOptions && guardOf(outer, outerOptions)
  const policies = outerGuard ? [guard, outerGuard] : [guard]
  const served = await listen(outer, { policies, tls: isTls, ...(outerGuard && { guard: outerGuard }) })
  return { guard, held, zone: guard.zones[0]!, ...served }
}

const names = Object.keys(ways)

it.each(names)('A-28, N38: %s: each counts one, and all are given back', async (name) => {
  const way = ways[name]!
  const { get, port, held, zone } = await start(way, { limit: 2, key: () => 'k' })
  const clients = [await get(), await get()]
  await held.arrived(2)
  expect(zone.stats()).toMatchObject({ passed: 2, active: 2 })

  const refused = await tryToConnect(port, way.isTls)
  await refused?.closed()
  await until('it was refused', () => zone.stats().rejected === 1)
  expect(zone.stats()).toMatchObject({ passed: 2, active: 2 })
  expect(held.runs).toBe(2)

  clients[0]!.destroy()
  clients[1]!.reset()
  await until('both are given back', () => zone.stats().active === 0)
  const next = await get()
  await held.arrived(3)
  held.release()
  expect(await next.answer()).toBe(200)
})

// TLS over a stream hides the socket below it: nobody can tell that they are one.
it.each(names.filter((name) => !name.includes('stream')))(
  'N38: %s, a guard on either server, one zone: one slot each client',
  async (name) => {
    const zone = new Zone({ name: 'both' })
    const { get, held } = await start(ways[name]!, { limit: 2, zone }, { limit: 2, zone })
    await get()
    await get()
    await held.arrived(2)

    expect(zone.stats()).toMatchObject({ passed: 4, active: 2 })
  },
)

it('N48: an error of TLS by hand ends its connection and no more, on a socket that a guard has counted', async () => {
  const sockets: tls.TLSSocket[] = []
  const inner = net.createServer()
  const outer = net.createServer((raw) => {
    sockets.push(new tls.TLSSocket(raw, { isServer: true, ...secure }))
    inner.emit('connection', sockets.at(-1))
  })
  const guards = [inner, outer].map((server) => guardOf(server, { limit: 9 }))
  const { connect } = await listen(outer, { policies: guards, tls: true, guard: guards[1]! })
  const client = await connect()
  // Nobody of the application listens.
  sockets[0]!.destroy(new Error('theirs'))
  await client.closed()
  await until('both slots are given back', () => guards.every(({ zones }) => zones[0]!.stats().active === 0))
  expect(guards.map(({ zones }) => zones[0]!.stats().passed)).toEqual([1, 1])
})

it('TLS over a stream has no address: with the default key it is closed, and a line says why', async () => {
  const lines: string[] = []
  const inner = http.createServer(() => undefined)
  const guard = guardOf(inner, {
    limit: 1,
    logLevel: 'error',
    logger: { error: (line: string) => lines.push(line) },
  })
  const outer = net.createServer((socket) => void inner.emit('connection', secured(duplexOf(socket))))
  const { port } = await listen(outer, { policies: [guard], tls: true })
  const client = await tryToConnect(port, true)
  await client?.closed()

  await until('it was told', () => lines.length === 1)
  expect(lines[0]).toMatch(/^ERR_LIMIT_CONN_NO_ADDRESS: /)
  expect(guard.zones[0]!.stats()).toMatchObject({ passed: 0, active: 0 })
})

it('a server of TLS before one of HTTP, a guard on either: one slot each client', async () => {
  const held = new Held()
  const zone = new Zone({ name: 'both' })
  const inner = http.createServer(held.handler)
  const outer = tls.createServer(secure, (socket) => void inner.emit('connection', socket))
  const guards = [inner, outer].map((server) => guardOf(server, { limit: 2, zone }))
  const { get, port } = await listen(outer, { policies: guards, tls: true, guard: guards[1]! })
  await get()
  await get()
  await held.arrived(2)
  expect(zone.stats()).toMatchObject({ passed: 4, active: 2 })

  await (await tryToConnect(port, true))?.closed()
  await until('it was refused', () => zone.stats().rejected === 1)
  expect(zone.stats().active).toBe(2)
})
