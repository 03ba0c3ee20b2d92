import type { Decision } from '../core/decision.ts'
import { LimitConnError } from '../errors.ts'
import { endSocketSoon, reset } from '../http/close.ts'
import { rawResponse } from '../http/raw-response.ts'
import { encode } from '../http/respond.ts'
import { settle } from '../http/settle.ts'
import type { SocketRejectHandler } from '../options/server.ts'
import type { Arrival } from './arrival.ts'

/** Most refused sockets of the process that may wait for their clients to read: beyond it they are closed at once. */
const mostLingering = 1_024
let lingering = 0

/** Refuses a socket: no listener of the server hears of it. */
export function refuse(arrival: Arrival, decision: Decision): void {
  const { connection, options } = arrival
  const { reject } = options
  connection.isRefused = true

  if (reject === 'reset') reset(connection.socket)
  else if (reject === 'destroy' || lingering >= mostLingering) connection.destroy()
  else linger(arrival, decision)
}

/** Answers, and gives the client a moment to read it. */
function linger(arrival: Arrival, decision: Decision): void {
  const { gate, connection, options } = arrival
  const { reject } = options
  lingering++
  connection.holder.onEnd(() => lingering--)
  // A handler may remove the listener that tells the end.
  gate.sweep.watch(connection)

  if (typeof reject === 'function') handOver(arrival, reject, decision)
  else respond(arrival)
}

function respond({ gate, connection, socket, options }: Arrival): void {
  const body = encode(options.message)
  if (!(body instanceof LimitConnError)) return endSocketSoon(connection, rawResponse(options, body))
  gate.journal.error(body, socket)
  connection.destroy()
}

/** Lets a handler of the user's answer on the socket, which is closed a moment after the handler is done. */
function handOver(
  { gate, connection, socket, options }: Arrival,
  handler: SocketRejectHandler,
  decision: Decision,
): void {
  const run = (): unknown => handler(socket, decision)

  settle({ path: 'options.reject', run }, options.timeoutMs, (value) => {
    if (value instanceof LimitConnError) {
      gate.journal.error(value, socket)
      connection.destroy()
    } else if (!socket.destroyed) endSocketSoon(connection)
  })
}
