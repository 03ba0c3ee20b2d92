import type { Socket } from 'node:net'
import type { Decision } from '../core/decision.ts'
import { functionFailed, isThenable, tooLate, withDeadline, type UserCall } from '../core/limit.ts'
import { LimitConnError } from '../errors.ts'
import type { MessageFunction, RejectHandler } from '../options/middleware.ts'
import { encode, respond } from './respond.ts'
import { whenSettled } from './settle.ts'
import type { Turn } from './turn.ts'

/** How long a refused connection may take to go once its answer is the next to be written. */
const lingerMs = 900

/**
 * Refuses a request. Where connections are counted its connection ends with the answer; where requests are counted only
 * the request is answered, for the connection may be a proxy's and carry others.
 */
export function refuse(turn: Turn, decision: Decision): void {
  const { connection, unit, options } = turn
  const { reject, message } = options

  if (unit === 'connections') {
    connection.isRefused = true
    if (reject === 'destroy') return void connection.socket.destroy()
    if (reject === 'reset') return reset(connection.socket)
    closeSoon(turn, typeof reject === 'function' || typeof message === 'function' ? options.timeoutMs : 0)
  }
  if (typeof reject === 'function') handOver(turn, reject, decision)
  else answer(turn, decision)
}

/** Answers a request that was not let in before another of its connection was refused. It was not looked at. */
export function turnAway(turn: Turn): void {
  const { res, options } = turn
  const body = encode(typeof options.message === 'function' ? 'Service Unavailable\n' : options.message)

  closeSoon(turn, 0)
  if (!(body instanceof LimitConnError)) respond(res, options, body)
}

/** Answers by itself, with the body that `message` says. */
function answer(turn: Turn, decision: Decision): void {
  const { req, res, next, options } = turn
  const { message } = options as { message: MessageFunction }
  const run = typeof message === 'function' ? () => message(req, res, decision) : () => message

  settle(turn, { path: 'options.message', run }, (value) => {
    const body = value instanceof LimitConnError ? value : encode(value)
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

  const { timeoutMs } = turn.options
  const timer = setTimeout(
    () => res.headersSent || nextOfHandler(tooLate('options.reject', timeoutMs)),
    timeoutMs,
  )
  turn.exchange.onEnd(() => clearTimeout(timer))

  const call = { path: 'options.reject', run: () => handler(req, res, nextOfHandler, decision) }
  settle(turn, call, (result) => {
    if (result instanceof LimitConnError) nextOfHandler(result)
  })
}

/** Calls a function of the user's, and goes on with what it answers or with the error. */
function settle(turn: Turn, call: UserCall, goOn: (value: unknown) => void): void {
  whenSettled(attempt(call, turn.options.timeoutMs), goOn)
}

function attempt({ path, run }: UserCall, timeoutMs: number): unknown {
  try {
    const value = run()
    return isThenable(value) ? withDeadline(value, timeoutMs, path) : value
  } catch (cause) {
    return functionFailed(path, cause)
  }
}

/** Express takes `next('route')` and `next('router')` for a way on, not for an error. */
function isError(error: unknown): boolean {
  return Boolean(error) && error !== 'route' && error !== 'router'
}

/**
 * Ends a connection a moment after its answer stands at the head of the line, though the client may not read it. A
 * function of the user's has its own time before; `prefinish` says that the answer was handed to the socket.
 */
function closeSoon({ connection, res }: Turn, extraMs: number): void {
  let timer: NodeJS.Timeout | undefined

  function closeIn(ms: number): void {
    clearTimeout(timer)
    if (!connection.holder.isEnded) timer = setTimeout(() => connection.socket.destroy(), ms)
  }

  if (!res.headersSent) res.setHeader('Connection', 'close')
  if (res.socket) closeIn(lingerMs + extraMs)
  else res.once('socket', () => closeIn(lingerMs + extraMs))
  res.once('prefinish', () => closeIn(lingerMs))
  connection.holder.onEnd(() => clearTimeout(timer))
}

/**
 * Resets the connection where there is a TCP handle to reset, and closes it under TLS.
 *
 * To reset the socket below a TLSSocket would get around that, and can crash the process: Node 20, 22 and 24 end with a
 * segmentation fault if the TLSSocket is destroyed in the same turn while it writes.
 */
function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy()
  } catch {
    socket.destroy()
  }
}
