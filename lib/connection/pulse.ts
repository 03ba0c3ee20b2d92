import type { Socket } from 'node:net'
import type { Pulse } from '../core/carrier.ts'

/** Parts of a socket that Node keeps private; where one is missing the question is answered with no. */
interface Private {
  readonly _handle?: Handle | null
  readonly _parent?: { readonly _handle?: Handle | null } | null
  readonly parser?: unknown
  readonly _httpMessage?: unknown
}

interface Handle {
  getpeername?(into: object): unknown
  readonly writeQueueSize?: number
}

/** Takes addresses that nobody reads: one object for all costs less than one for each look. */
const unread = {}

/** How a socket is, seen from itself and from the kernel, whatever Node told. */
export function pulseOf(socket: Socket): Pulse {
  if (socket.destroyed || isHandedOver(socket) || isLostByKernel(socket)) return 'gone'
  return isHalfOpen(socket) || isUnread(socket) ? 'stalled' : 'open'
}

/**
 * Rises with each byte that moves: received, taken out of the buffer by the application, queued, sent. NaN, which is
 * never the same, for a stream that does not count its bytes.
 */
export function progressOf(socket: Socket & Private): number {
  const { bytesRead, bytesWritten, readableLength } = socket
  // `bytesWritten` counts what the kernel has not taken, too.
  const unsent = socket._handle?.writeQueueSize ?? 0
  return 2 * bytesRead - readableLength + 2 * bytesWritten - unsent
}

/** Was passed to another process: Node takes the handle away and never emits `close`. */
function isHandedOver(socket: Socket): boolean {
  return socket.pending && !socket.connecting
}

/** A TCP socket whose connection the kernel has closed, though no event told. Under TLS the raw socket may stay so. */
export function isLostByKernel(socket: Socket & Private): boolean {
  // The way through the handle of a TLSSocket is longer by half a microsecond.
  const handle = socket._parent?._handle ?? socket._handle
  const error = typeof handle?.getpeername === 'function' ? handle.getpeername(unread) : undefined
  // TLS over a Unix socket has the function, and it answers nothing.
  return typeof error === 'number' && error !== 0
}

/** A side has ended, or both while bytes are still to be sent: a FIN was seen or is due. */
function isHalfOpen(socket: Socket): boolean {
  return ['readOnly', 'writeOnly', 'closed'].includes(socket.readyState)
}

/** What a socket speaks: HTTP/1 while it has a parser. Node leaves null where there was one. */
export function protocolOf({ parser }: Socket & Private): 'http' | 'raw' | 'upgraded' {
  if (parser) return 'http'
  return parser === null ? 'upgraded' : 'raw'
}

/** A response of HTTP/1 is not finished on it. */
export function isAnswering(socket: Socket & Private): boolean {
  return Boolean(socket._httpMessage)
}

/**
 * Bytes wait in a socket that no parser owns and nobody has begun to read: an upgrade that the application ignores. One
 * that was paused has a reader, who makes its client wait.
 *
 * @see Node doc/api/stream.md, readable.readableFlowing
 */
function isUnread(socket: Socket & Private): boolean {
  return !socket.parser && socket.readableLength > 0 && socket.readableFlowing === null
}
