import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net, { type Server, type Socket } from 'node:net'
import tls from 'node:tls'
import { limitServer, type LimitServer, type LimitServerOptions, type Zone } from '../../lib/index.ts'
import { Held } from './held.ts'
import { listen, readTls, type ListenOptions, type Served } from './server.ts'

/** Each kind of server that a guard stands on, and whether it speaks TLS. */
export const guardKinds = {
  net: false,
  tls: true,
  http: false,
  https: true,
  http2: false,
  'http2 secure': true,
} as const

export type GuardKind = keyof typeof guardKinds

export interface Guarded extends Served {
  readonly guard: LimitServer
  readonly zone: Zone
  /** Requests of a HTTP server, which are answered when the test says so. */
  readonly held: Held
}

/** Makes a server; `held` has the requests of one that speaks HTTP, `socketListener` the sockets of any other. */
export function makeServer(
  kind: GuardKind,
  held: Held,
  socketListener: (socket: Socket) => void = echo,
): Server {
  const secure = { key: readTls('key.pem'), cert: readTls('cert.pem') }
  const handler = held.handler as http.RequestListener
  const handler2 = handler as unknown as Parameters<typeof http2.createServer>[1]

  if (kind === 'net') return net.createServer(socketListener)
  if (kind === 'tls') return tls.createServer(secure, socketListener)
  if (kind === 'http') return http.createServer({ keepAliveTimeout: 60_000 }, handler)
  if (kind === 'https') return https.createServer({ ...secure, keepAliveTimeout: 60_000 }, handler)
  if (kind === 'http2') return http2.createServer(handler2)
  return http2.createSecureServer({ ...secure, allowHTTP1: true }, handler2)
}

/** A server with a guard on it, listening on loopback. At the end of the test the guard must come out even with it. */
export async function guarded(
  kind: GuardKind,
  options: LimitServerOptions,
  over: Partial<ListenOptions> = {},
): Promise<Guarded> {
  const held = new Held()
  const server = makeServer(kind, held)
  const guard = limitServer(server, { logLevel: false, ...options })
  const served = await listen(server, { policies: [guard], guard, tls: guardKinds[kind], ...over })
  return { ...served, guard, held, zone: guard.zones[0]! }
}

function echo(socket: Socket): void {
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => socket.write(chunk))
}
