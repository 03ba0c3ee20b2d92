import type { Decision } from '../core/decision.ts'
import { LimitConnError } from '../errors.ts'
import type { UpgradeMessageFunction, UpgradeRejectHandler } from '../options/upgrade.ts'
import { endSocketSoon, reset } from './close.ts'
import { rawResponse } from './raw-response.ts'
import { encode, type Body } from './respond.ts'
import { settle } from './settle.ts'
import type { UpgradeTurn } from './upgrade-turn.ts'

const plainError: Body = { type: 'text/plain; charset=utf-8', bytes: Buffer.from('Internal Server Error\n') }

/** Refuses an upgrade. Its connection ends with the answer, whatever is counted: no parser owns it any more. */
export function refuseUpgrade(turn: UpgradeTurn, decision: Decision): void {
  const { connection, exchange, options } = turn
  const { reject } = options
  exchange.isRefused = true
  connection.isRefused = true

  if (reject === 'reset') reset(connection.socket)
  else if (reject === 'destroy' || exchange.isSpokenOn) connection.destroy()
  else if (typeof reject === 'function') handOver(turn, reject, decision)
  else answer(turn, decision)
}

/**
 * Leaves an upgrade that is not looked at without an answer. It was refused before, and is being answered; or it came
 * behind a refused request, whose answer closes the connection.
 */
export function turnUpgradeAway({ exchange }: UpgradeTurn): void {
  exchange.isRefused = true
}

/** Answers 500: nobody is let in by an error. */
export function answerError(turn: UpgradeTurn): void {
  const { connection, exchange } = turn
  exchange.isRefused = true
  connection.isRefused = true
  sayLast(turn, rawResponse({ statusCode: 500, retryAfter: false }, plainError))
}

/** Answers, unless somebody else has come first. */
function sayLast({ connection, exchange, socket }: UpgradeTurn, bytes: Buffer): void {
  if (exchange.isSpokenOn || !socket.writable) connection.destroy()
  else endSocketSoon(connection, bytes)
}

function answer(turn: UpgradeTurn, decision: Decision): void {
  const { req, socket, options, quotas } = turn
  const { message } = options as { message: UpgradeMessageFunction }
  const run = typeof message === 'function' ? () => message(req, socket, decision) : () => message

  settle({ path: 'options.message', run }, options.timeoutMs, (value) => {
    const body = value instanceof LimitConnError ? value : encode(value)
    if (body instanceof LimitConnError) turn.fail(body)
    else sayLast(turn, rawResponse(options, body, quotas))
  })
}

/** Lets a handler of the user's answer on the socket, which is closed a moment after the handler is done. */
function handOver(turn: UpgradeTurn, handler: UpgradeRejectHandler, decision: Decision): void {
  const { req, socket, head, exchange, connection, options } = turn
  const run = (): unknown => handler(req, socket, head, decision)

  settle({ path: 'options.reject', run }, options.timeoutMs, (value) => {
    if (value instanceof LimitConnError) turn.fail(value)
    else if (!exchange.isEnded) endSocketSoon(connection)
  })
}
