import net from 'node:net'
import tls from 'node:tls'
import { patienceMs, until } from './until.ts'

/** A raw client: writes what it is told, and keeps what comes back. */
export class Client {
  readonly socket: net.Socket
  received = ''
  isClosed = false
  #isReset = false
  error: NodeJS.ErrnoException | undefined

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (this.received += chunk))
    socket.on('error', (error) => (this.error = error))
    socket.on('close', () => (this.isClosed = true))
  }

  /** Status codes of the answers so far. */
  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]))
  }

  get(path = '/', headers: Record<string, string> = {}): this {
    const lines = Object.entries({ Host: 'test', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    return this.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  }

  write(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  /** Waits for the nth answer and returns its status. */
  async answer(n = 1): Promise<number> {
    await until(`answer ${n} of ${JSON.stringify(this.received)}`, () => this.statuses.length >= n)
    return this.statuses[n - 1]!
  }

  async closed(withinMs = patienceMs): Promise<void> {
    await until('the client is closed', () => this.isClosed, withinMs)
  }

  /**
   * Sends a RST. Under TLS it comes from the socket below, once what was written is on its way: Node leaks the handle
   * otherwise, and crashes if the TLSSocket is destroyed as well.
   */
  reset(): void {
    const { _parent: raw } = this.socket as net.Socket & { _parent?: net.Socket }
    this.#isReset = true
    if (raw) setImmediate(() => raw.destroyed || raw.resetAndDestroy())
    else if (!this.socket.destroyed) this.socket.resetAndDestroy()
  }

  destroy(): void {
    if (!this.#isReset) this.socket.destroy()
  }
}

/** Where a server listens: a port of loopback, or the path of a Unix socket. */
export type Place = { readonly port: number; readonly isTls: boolean } | { readonly path: string }

/** Connects, and waits until it is. */
export async function connectTo(place: Place, options: net.TcpNetConnectOpts | object = {}): Promise<Client> {
  const socket = open(place, options)
  const client = new Client(socket)
  const event = 'isTls' in place && place.isTls ? 'secureConnect' : 'connect'
  await new Promise<void>((resolve, reject) => socket.once(event, () => resolve()).once('error', reject))
  return client
}

function open(place: Place, options: object): net.Socket {
  if ('path' in place) return net.connect({ path: place.path, ...options })
  const { port, isTls } = place
  const raw = net.connect({ port, host: '127.0.0.1', ...options })
  return isTls ? tls.connect({ rejectUnauthorized: false, ...options, socket: raw }) : raw
}
