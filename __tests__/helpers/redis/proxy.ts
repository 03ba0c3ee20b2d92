import net, { type Socket } from 'node:net'
import { afterServers } from '../server.ts'
import { Lane } from './lane.ts'

interface Link {
  readonly client: Socket
  readonly upstream: Socket
}

/**
 * What the network does. A black hole keeps what it swallows, and hands it over when it ends, as TCP does, which sends it
 * again. `cut-replies` lets a request be carried out, and cuts the connection before its reply.
 */
export type Weather = 'fine' | 'black-hole' | 'black-hole-replies' | 'cut-replies' | 'refuse'

/** Stands between clients and a server, and hurts what goes between them. It ends with the test. */
export class Proxy {
  readonly #server = net.createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  readonly #links = new Set<Link>()
  readonly #requests = new Lane()
  readonly #replies = new Lane()
  #weather: Weather = 'fine'
  #inspect: ((request: Buffer) => void) | undefined
  #upstreamPort: number

  private constructor(upstreamPort: number) {
    this.#upstreamPort = upstreamPort
    afterServers(() => this.#stop())
  }

  static async start(upstreamPort: number): Promise<Proxy> {
    const proxy = new Proxy(upstreamPort)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** How long bytes are under way in each direction, in milliseconds. */
  set delayMs(delayMs: number) {
    this.#requests.delayMs = delayMs
    this.#replies.delayMs = delayMs
  }

  set weather(weather: Weather) {
    this.#weather = weather
    this.#requests.isHeld = weather === 'black-hole'
    this.#replies.isHeld = weather === 'black-hole' || weather === 'black-hole-replies'
  }

  /** Becomes a black hole at the first request with a text in it, which is the first that it swallows. */
  async swallowAt(text: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#inspect = (request) => {
        if (!request.includes(text)) return
        this.#inspect = undefined
        this.weather = 'black-hole'
        resolve()
      }
    })
  }

  /** Cuts all connections that are open now, and loses what is under way. */
  cut(): void {
    this.#requests.lose()
    this.#replies.lose()
    for (const link of this.#links) this.#cutOne(link)
  }

  /**
   * Ends a black hole for those who connect now. Whoever was connected is cut; what they have sent arrives when the returned
   * function is called, after all that is sent meanwhile.
   */
  strand(): () => void {
    const stranded = [...this.#links]
    const requests = this.#requests.lose()
    for (const { client } of stranded) {
      client.removeAllListeners('close').removeAllListeners('end')
      client.resetAndDestroy()
    }
    this.#replies.lose()
    this.weather = 'fine'
    return () => {
      for (const arrive of requests) arrive()
      for (const { upstream } of stranded) upstream.end()
    }
  }

  /** Leads to another server from now on; connections to the old one are cut. */
  switchTo(upstreamPort: number): void {
    this.#upstreamPort = upstreamPort
    this.cut()
  }

  async #stop(): Promise<void> {
    this.#weather = 'refuse'
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined)
    if (this.#weather === 'refuse') return void client.resetAndDestroy()

    const upstream = net.connect({ port: this.#upstreamPort, host: '127.0.0.1', allowHalfOpen: true })
    upstream.on('error', () => undefined)
    const link = { client, upstream }
    this.#links.add(link)
    client.on('data', (request) => this.#inspect?.(request))
    this.#carry(client, upstream, this.#requests)
    this.#carry(upstream, client, this.#replies)
    upstream.prependListener('data', () => this.#weather === 'cut-replies' && this.#cutOne(link))
    for (const socket of [client, upstream])
      socket.on('close', () => client.closed && upstream.closed && this.#links.delete(link))
  }

  #carry(from: Socket, to: Socket, lane: Lane): void {
    from.setNoDelay(true)
    from.on('data', (bytes) => lane.send(() => void to.write(bytes)))
    from.on('end', () => lane.send(() => void to.end()))
    from.on('close', () => lane.send(() => void to.destroy()))
  }

  #cutOne({ client, upstream }: Link): void {
    // Node keeps the handle of a socket for ever that is reset while it is ending.
    if (client.writableEnded) client.destroy()
    else client.resetAndDestroy()
    upstream.destroy()
  }
}
