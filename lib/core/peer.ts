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
