import type { Socket } from 'node:net'

/** A socket, with what Node calls on it whenever it reads or has written. */
type Ticking = Socket & { _unrefTimer?: () => void }

/**
 * Calls back whenever bytes move on a socket, also those that an HTTP parser takes past it. Nothing public tells that
 * without reading the bytes. Where Node has no such function, nothing is told.
 *
 * @see Node lib/net.js, Socket.prototype._unrefTimer
 */
export function heedActivity(socket: Ticking, onActivity: () => void): void {
  const tick = socket._unrefTimer
  if (typeof tick !== 'function') return

  socket._unrefTimer = function tickAndTell(this: Ticking): void {
    onActivity()
    Reflect.apply(tick, this, [])
  }
}
