import type { Decision } from '../core/decision.ts'
import { tooLate } from '../core/limit.ts'
import { LimitConnError } from '../errors.ts'
import type { MessageFunction, RejectHandler } from '../options/middleware.ts'
import { closeSoon, reset } from './close.ts'
import { encode, respond, type Body } from './respond.ts'
import { settle } from './settle.ts'
import { cutStream, endStreamSoon, isStream } from './stream.ts'
import type { RequestTurn } from './request-turn.ts'

/**
 * Refuses a request. Where connections are counted its connection ends with the answer, an HTTP/2 session if nothing
 * else is on it; where requests are counted only the request is answered, for the connection may be a proxy's and carry
 * others.
 */
export function refuse(turn: RequestTurn, decision: Decision): void {
  const { reject } = turn.options
  turn.exchange.isRefused = true

  if (turn.visit.unit === 'connections') {
    if (!isStream(turn)) turn.connection.isRefused = true
    if (reject === 'destroy' || reject === 'reset') return cut(turn, reject)
    endSoon(turn, timeOf(turn))
  }
  if (typeof reject === 'function') handOver(turn, reject, decision)
  else answer(turn, decision)
}

function cut(turn: RequestTurn, how: 'destroy' | 'reset'): void {
  if (isStream(turn)) cutStream(turn)
  else if (how === 'reset') reset(turn.connection.socket)
  else turn.connection.destroy()
}

/** How long functions of the user's may take until there is an answer: a handler, and the message behind it. */
function timeOf({ options: { reject, message, timeoutMs } }: RequestTurn): number {
  return [reject, message].filter((each) => typeof each === 'function').length * timeoutMs
}

function endSoon(turn: RequestTurn, extraMs: number): void {
  if (isStream(turn)) endStreamSoon(turn, extraMs)
  else closeSoon(turn, extraMs)
}

/** Answers what is not looked at: a request behind a refused one, or a refused one that was sent on to a policy again. */
export function turnAway(turn: RequestTurn): void {
  const { options } = turn
  const body = encode(typeof options.message === 'function' ? 'Service Unavailable\n' : options.message)

  turn.exchange.isRefused = true
  if (turn.connection.isRefused) endSoon(turn, 0)
  if (!(body instanceof LimitConnError)) say(turn, body)
}

/** Answers by itself, with the body that `message` says. */
function answer(turn: RequestTurn, decision: Decision): void {
  const { req, res, next, exchange, options } = turn
  const { message } = options as { message: MessageFunction }
  const run = typeof message === 'function' ? () => message(req, res, decision) : () => message

  settle({ path: 'options.message', run }, options.timeoutMs, (value) => {
    if (exchange.isEnded) return
    const body = value instanceof LimitConnError ? value : encode(value)
    if (body instanceof LimitConnError) next(body)
    else say(turn, body)
  })
}

/** Behind a request that was waited for an upgrade may have been let in: an answer would be a part of its stream. */
function say({ connection, res, options }: RequestTurn, body: Body): void {
  if (connection.isUpgraded) connection.destroy()
  else respond(res, options, body)
}

/** Lets a handler of the user's answer. The request goes on only as an error. */
function handOver(turn: RequestTurn, handler: RejectHandler, decision: Decision): void {
  const { req, res, next } = turn
  let isDone = false

  function nextOfHandler(error?: unknown): void {
    if (isDone || turn.exchange.isEnded) return
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
  settle(call, timeoutMs, (result) => {
    if (result instanceof LimitConnError) nextOfHandler(result)
  })
}

/** Express takes `next('route')` and `next('router')` for a way on, not for an error. */
function isError(error: unknown): boolean {
  return Boolean(error) && error !== 'route' && error !== 'router'
}
