import type net from 'node:net'
import tls from 'node:tls'
import type { Client } from './client.ts'
import { connect2, type Session, type Stream } from './client2.ts'
import type { Served } from './server.ts'
import { tcp } from './tcp.ts'
import { until } from './until.ts'

/** One connection of a client, whatever it speaks. */
export interface Link {
  /** Begins a request. */
  ask(headers?: Record<string, string>): this
  /** Waits for the answer to the last one, and returns its status. */
  status(): Promise<number>
  /** Whether one of its requests was answered so. */
  has(status: number): boolean
  readonly isClosed: boolean
  /** The server will let it ask nothing more. */
  readonly isSentAway: boolean
  closed(withinMs?: number): Promise<void>
  /** Sends a FIN. */
  end(): void
  /** Sends a RST. */
  reset(): void
}

/** Over HTTP/1. */
export class Link1 implements Link {
  readonly client: Client
  readonly #headers: Record<string, string>
  #asked = 0

  constructor(client: Client, headers: Record<string, string> = {}) {
    this.client = client
    this.#headers = headers
  }

  ask(headers?: Record<string, string>): this {
    this.#asked++
    this.client.get('/', { ...this.#headers, ...headers })
    return this
  }

  status(): Promise<number> {
    return this.client.answer(this.#asked)
  }

  has(status: number): boolean {
    return this.client.statuses.includes(status)
  }

  get isClosed(): boolean {
    return this.client.isClosed
  }

  get isSentAway(): boolean {
    return this.client.isClosed
  }

  closed(withinMs?: number): Promise<void> {
    return this.client.closed(withinMs)
  }

  end(): void {
    this.client.socket.end()
  }

  reset(): void {
    this.client.reset()
  }
}

/** A session of HTTP/2 over TLS. */
export class Link2 implements Link {
  readonly session: Session
  readonly #raw: net.Socket
  readonly #secure: tls.TLSSocket
  readonly streams: Stream[] = []

  private constructor(raw: net.Socket, secure: tls.TLSSocket, session: Session) {
    this.#raw = raw
    this.#secure = secure
    this.session = session
  }

  static async open(served: Served): Promise<Link2> {
    const raw = tcp(served.port)
    const secure = tls.connect({ socket: raw, ALPNProtocols: ['h2'], rejectUnauthorized: false })
    return new Link2(raw, secure, await connect2(served, { createConnection: () => secure }))
  }

  ask(headers?: Record<string, string>): this {
    this.streams.push(this.session.get('/', headers))
    return this
  }

  status(): Promise<number> {
    return this.streams.at(-1)!.status()
  }

  has(status: number): boolean {
    return this.streams.some(({ code }) => code === status)
  }

  get isClosed(): boolean {
    return this.session.isClosed
  }

  get isSentAway(): boolean {
    return this.session.hasGoaway
  }

  closed(withinMs?: number): Promise<void> {
    return this.session.closed(withinMs)
  }

  end(): void {
    this.#secure.end()
  }

  /** The RST comes from the socket below, once what was written is on its way: see {@link Client.reset}. */
  reset(): void {
    setImmediate(() => this.#raw.destroyed || this.#raw.resetAndDestroy())
  }
}

/** Waits until so many have been answered with a status. */
export async function answered(links: readonly Link[], status: number, times: number): Promise<void> {
  const count = (): number => links.filter((link) => link.has(status)).length
  await until(`${times} are answered ${status}`, () => count() >= times)
}
