import type { Socket } from 'node:net'
import type { Connection } from '../connection/connection.ts'
import { lingerMs } from '../core/carrier.ts'
import type { RequestTurn } from './request-turn.ts'

/**
 * Ends a connection a moment after its answer stands at the head of the line, though the client may not read it. A
 * function of the user's has its own time before; `prefinish` says that the answer was handed to the socket.
 */
export function closeSoon({ connection, res }: RequestTurn, extraMs: number): void {
  let timer: NodeJS.Timeout | undefined

  function closeIn(ms: number): void {
    clearTimeout(timer)
    if (!connection.holder.isEnded) timer = setTimeout(() => connection.destroy(), ms)
  }

  if (!res.headersSent) res.setHeader('Connection', 'close')
  if (res.socket) closeIn(lingerMs + extraMs)
  else res.once('socket', () => closeIn(lingerMs + extraMs))
  res.once('prefinish', () => closeIn(lingerMs))
  connection.holder.onEnd(() => clearTimeout(timer))
}

/** Says the last word on a socket that no parser owns, and closes it a moment later though the client may not read it. */
export function endSocketSoon(connection: Connection, bytes?: Uint8Array): void {
  const { socket, holder } = connection
  const timer = setTimeout(() => connection.destroy(), lingerMs)
  holder.onEnd(() => clearTimeout(timer))

  if (bytes) socket.end(bytes)
  // What the client sends is read and forgotten: unread it would turn the close into a reset, and the answer be lost.
  socket.resume()
}

/**
 * Resets the connection where there is a TCP handle to reset, and closes it under TLS.
 *
 * To reset the socket below a TLSSocket would get around that, and can crash the process: Node 20, 22 and 24 end with a
 * segmentation fault if the TLSSocket is destroyed in the same turn while it writes. And one that was ended in the same turn is
 * never closed by a reset: no event tells of it, and its handle stays open.
 */
export function reset(socket: Socket): void {
  try {
    if (socket.writableEnded) socket.destroy()
    else socket.resetAndDestroy()
  } catch {
    socket.destroy()
  }
}
