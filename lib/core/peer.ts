/** A socket, as far as its addresses go. */
export interface Peer {
  readonly remoteAddress?: string | undefined
  readonly localAddress?: string | undefined
  readonly destroyed?: boolean
}

/**
 * A TCP connection whose peer is gone: reset before anybody read its address, or destroyed here.
 *
 * It may look open, and a whole request may be in its buffer. A Unix socket has neither address.
 */
export function isPeerGone(socket: Peer): boolean {
  return (
    socket.remoteAddress === undefined && (socket.destroyed === true || socket.localAddress !== undefined)
  )
}

/** Whom a proxy speaks for. */
export interface Client {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly remoteFamily: 'IPv4' | 'IPv6'
}

const told: unique symbol = Symbol('limit-conn.proxy-header')

type Told = Peer & { readonly [told]?: Client | 'itself' }

/** What the PROXY protocol header of a connection says: the client, or that the proxy speaks for itself. */
export function toldOf(socket: Told): Client | 'itself' | undefined {
  return socket[told]
}

/** Gives a socket what the header of its connection says. A client stands in place of the addresses of the peer. */
export function tell(socket: object, said: Client | 'itself'): void {
  const own = said === 'itself' ? {} : said
  for (const [name, value] of [...Object.entries(own), [told, said]] as const)
    Object.defineProperty(socket, name, { value, configurable: true })
}
