import net, { type Server, type Socket } from 'node:net'
import type { LimitServer } from '../../lib/index.ts'
import type { Client } from './client.ts'
import { listen, type Served } from './server.ts'
import { until } from './until.ts'

/** A server of raw TCP, and the guard that was put on it. */
export interface Greeting extends Served {
  readonly guard: LimitServer
}

/** A server that greets whoever is let in, and echoes. All its connections are counted by its guard. */
export async function greeting(guardOf: (server: Server) => LimitServer): Promise<Greeting> {
  return behind(net.createServer(greet), guardOf)
}

/** A server that connects each client on to another one, as `proxy_pass` does. */
export async function forwarding(to: Served, guardOf: (server: Server) => LimitServer): Promise<Greeting> {
  const server = net.createServer((client) => {
    const upstream = net.connect(to.port, '127.0.0.1')
    client.pipe(upstream).pipe(client)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
    }
  })
  return behind(server, guardOf)
}

async function behind(server: Server, guardOf: (server: Server) => LimitServer): Promise<Greeting> {
  const guard = guardOf(server)
  return { ...(await listen(server, { policies: [guard], guard })), guard }
}

export function greet(socket: Socket): void {
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => socket.write(chunk))
  socket.write('hello')
}

/** Connects, and stays: until it is greeted, or closed without a byte. */
export async function knock(server: Served, from = '127.0.0.1'): Promise<Client> {
  const client = await server.connect({ localAddress: from })
  await until('it is greeted or closed', () => client.received !== '' || client.isClosed)
  return client
}

/** As {@link knock}; says how it went. */
export async function isLetIn(server: Served, from?: string): Promise<boolean> {
  const { received } = await knock(server, from)
  return received === 'hello'
}

/** Closes a connection, and waits until its slot has come back. */
export async function leave(client: Client, { guard }: Greeting): Promise<void> {
  const [zone] = guard.zones
  const { active } = zone!.stats()
  client.destroy()
  await until('the slot is given back', () => zone!.stats().active < active)
}
