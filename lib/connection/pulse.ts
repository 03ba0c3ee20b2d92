import type { Socket } from 'node:net'

/** Parts of a socket that Node keeps private; where one is missing the question is answered with no. */
interface Private {
  readonly _handle?: { getpeername?(into: object): number } | null
  readonly parser?: unknown
}

/** Was passed to another process: Node takes the handle away and never emits `close`. */
export function isHandedOver(socket: Socket): boolean {
  return socket.pending && !socket.connecting
}

/** A TCP socket whose connection the kernel has closed, though no event told. Under TLS the raw socket may stay so. */
export function isLostByKernel(socket: Socket & Private): boolean {
  const handle = socket._handle
  return typeof handle?.getpeername === 'function' && handle.getpeername({}) !== 0
}

/** One side has ended: a FIN was seen or sent. */
export function isHalfOpen(socket: Socket): boolean {
  return socket.readyState === 'readOnly' || socket.readyState === 'writeOnly'
}

/** Bytes wait in a socket that no parser owns and nobody reads: an upgrade that the application ignores. */
export function isUnread(socket: Socket & Private): boolean {
  return !socket.parser && socket.readableLength > 0 && socket.readableFlowing !== true
}
