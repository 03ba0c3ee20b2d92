import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Connection } from '../connection/connection.ts'
import type { Decision } from '../core/decision.ts'
import { functionFailed, isThenable, withDeadline } from '../core/limit.ts'
import { LimitConnError } from '../errors.ts'
import type { Compiled, MessageFunction, RejectHandler } from '../options/middleware.ts'
import { respond } from './respond.ts'
import type { Unit } from './unit.ts'

/** A request that is on its way through the middleware. */
export interface Turn {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly next: (error?: unknown) => void
  readonly connection: Connection
  readonly unit: Unit
  readonly options: Compiled
}

/** A function of the user's, and the option it stands under. */
interface Call {
  readonly path: string
  readonly run: () => unknown
}

/** How long a refused connection may take to go once its answer is the next to be written. */
const lingerMs = 900

/**
 * Refuses a request. Where connections are counted its connection ends with the answer; where requests are counted only
 * the request is answered, for the connection may be a proxy's and carry others.
 */
export function refuse(turn: Turn, decision: Decision): void {
  const { connection, unit, res, options } = turn
  const { reject, message } = options

  if (unit === 'connections') {
    connection.isRefused = true
    if (reject === 'destroy') return void connection.socket.destroy()
    if (reject === 'reset') return reset(connection)
    if (!res.headersSent) res.setHeader('Connection', 'close')
    closeSoon(turn, typeof reject === 'function' || typeof message === 'function' ? options.timeoutMs : 0)
  }
  if (typeof reject === 'function') handOver(turn, reject, decision)
  else answer(turn, decision)
}

/** Answers by itself, with the body that `message` says. */
function answer(turn: Turn, decision: Decision): void {
  const { req, res, next, options } = turn
  if (typeof options.message !== 'function') return respond(res, options, options.message)

  const message = options.message as MessageFunction
  const call = { path: 'options.message', run: () => message(req, res, decision) }
  settle(turn, call, (body) => {
    if (body instanceof LimitConnError) next(body)
    else respond(res, options, body)
  })
}

/** Lets a handler of the user's answer. The request goes on only as an error. */
function handOver(turn: Turn, handler: RejectHandler, decision: Decision): void {
  const { req, res, next } = turn
  let isDone = false

  function nextOfHandler(error?: unknown): void {
    if (isDone) return
    isDone = true
    if (isError(error)) next(error)
    else answer(turn, decision)
  }

  const call = { path: 'options.reject', run: () => handler(req, res, nextOfHandler, decision) }
  settle(turn, call, (result) => {
    if (result instanceof LimitConnError) nextOfHandler(result)
  })
}

/** Calls a function of the user's, and goes on with what it answers or with the error. */
function settle(turn: Turn, call: Call, goOn: (value: unknown) => void): void {
  let value: unknown
  try {
    value = call.run()
  } catch (cause) {
    value = functionFailed(call.path, cause)
  }
  if (!isThenable(value)) return goOn(value)

  // In a tick of its own, so that what `next` throws is an uncaught exception as ever, not a rejection.
  void withDeadline(value, turn.options.timeoutMs, call.path).then((settled) =>
    process.nextTick(goOn, settled),
  )
}

/** Express takes `next('route')` and `next('router')` for a way on, not for an error. */
function isError(error: unknown): boolean {
  return Boolean(error) && error !== 'route' && error !== 'router'
}

/** Ends a connection a moment after its answer stands at the head of the line, though the client may not read it. */
function closeSoon({ connection, res }: Turn, extraMs: number): void {
  function startTimer(): void {
    const timer = setTimeout(() => connection.socket.destroy(), lingerMs + extraMs)
    connection.holder.onEnd(() => clearTimeout(timer))
  }

  if (res.socket) startTimer()
  else res.once('socket', startTimer)
}

/**
 * Resets the connection, where there is a TCP handle to reset; else closes it.
 *
 * A raw socket is reset after the parser of its TLSSocket has come back: before, `server.close()` would throw later on.
 */
function reset({ socket, raw }: Connection): void {
  if (raw) process.nextTick(resetOrDestroy, raw)
  else resetOrDestroy(socket)
}

function resetOrDestroy(socket: Socket): void {
  try {
    socket.resetAndDestroy()
  } catch {
    socket.destroy()
  }
}
