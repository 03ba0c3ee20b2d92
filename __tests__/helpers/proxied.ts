import diagnostics from 'node:diagnostics_channel'
import { once } from 'node:events'
import net, { type Server, type Socket } from 'node:net'
import { afterEach } from '@jest/globals'
import type { LimitServerOptions } from '../../lib/index.ts'
import { guarded, type Guarded, type GuardKind } from './guarded.ts'
import { listen, type ListenOptions } from './server.ts'
import { tcp } from './tcp.ts'
import { elapse, nextTurn } from './until.ts'

export interface Proxied extends Guarded {
  /** What the guard has logged. */
  readonly lines: string[]
  /** Sockets that the server has accepted, in order, whatever became of them. */
  readonly accepted: readonly Socket[]
  /** Sockets that a listener of the server has heard of. */
  readonly heard: readonly Socket[]
}

const accepting: [Server, Socket[]][] = []

diagnostics.subscribe('net.server.socket', (message) => {
  const { socket } = message as { socket: Socket & { server: Server } }
  for (const [server, sockets] of accepting) if (socket.server === server) sockets.push(socket)
})
afterEach(() => void accepting.splice(0))

/** A server behind proxies: all of this machine are, if nothing else is said. */
export async function proxied(
  kind: GuardKind,
  options: Partial<LimitServerOptions> = {},
  over: Partial<ListenOptions> = {},
): Promise<Proxied> {
  const lines: string[] = []
  const logger = { error: (text: string) => lines.push(text) }
  const given = { limit: 1, proxyProtocol: { trust: 'loopback' }, logLevel: 'error', logger, ...options }
  const served = await guarded(kind, given as LimitServerOptions, over)

  const [accepted, heard]: Socket[][] = [[], []]
  accepting.push([served.server, accepted!])
  for (const event of ['connection', 'secureConnection'])
    served.server.on(event, (socket: Socket) => heard!.push(socket))
  return { ...served, lines, accepted: accepted!, heard: heard! }
}

/** How a proxy sends a header, and the first bytes of its client behind. */
export type Sending = 'in one segment' | 'byte by byte' | 'long before'

/** The server, for clients who come through a proxy that sends this header for each of them. */
export async function through(
  served: Proxied,
  header: Uint8Array,
  sending: Sending = 'in one segment',
): Promise<Proxied> {
  const proxy = net.createServer((client) => void forward(client))

  async function forward(client: Socket): Promise<void> {
    const upstream = tcp(served.port, { noDelay: true })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())

    await sendings[sending](upstream, header, client)
    client.pipe(upstream).pipe(client)
  }
  const { place, port, url, connect, get } = await listen(proxy, {
    policies: [],
    tls: 'isTls' in served.place && served.place.isTls,
  })
  return { ...served, place, port, url, connect, get }
}

const sendings: Record<Sending, (upstream: Socket, header: Uint8Array, client: Socket) => Promise<void>> = {
  async 'in one segment'(upstream, header, client) {
    upstream.write(Buffer.concat([header, await firstOf(client)]))
  },
  async 'byte by byte'(upstream, header, client) {
    for (const byte of [...header, ...(await firstOf(client))]) {
      upstream.write(Buffer.from([byte]))
      await nextTurn()
    }
  },
  async 'long before'(upstream, header, client) {
    upstream.write(header)
    const first = await firstOf(client)
    await elapse(50)
    upstream.write(first)
  },
}

async function firstOf(client: Socket): Promise<Buffer> {
  const [first] = (await once(client, 'data')) as [Buffer]
  client.pause()
  return first
}
