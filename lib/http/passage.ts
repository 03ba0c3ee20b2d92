import { AsyncResource } from 'node:async_hooks'
import type { Outcome } from '../core/decision.ts'
import { functionFailed, type Ask, type Evaluation } from '../core/limit.ts'
import type { Place } from '../core/queue.ts'
import { LimitConnError } from '../errors.ts'
import { whenSettled } from './settle.ts'
import { skips } from './skip.ts'
import { note } from './status.ts'
import type { Turn } from './turn.ts'
import { visitOf } from './visit.ts'

/** Finds out who asks, now or later. The unit is found first: it belongs to the connection, not to the request. */
export function begin(turn: Turn): void {
  turn.options = turn.door.policy.parsed
  if (!mayGoOn(turn)) return
  try {
    turn.visit = visitOf(turn)
  } catch (cause) {
    return goOn(turn, () => turn.fail(functionFailed('trust proxy', cause)))
  }

  whenSettled(turn, skips(turn.options, turn.req), identify)
}

function identify(turn: Turn, skip: boolean | LimitConnError): void {
  if (!mayGoOn(turn)) return
  if (skip instanceof LimitConnError) return goOn(turn, () => turn.fail(skip))
  if (skip) return goOn(turn, () => pass(turn))

  whenSettled(turn, turn.door.policy.evaluate(turn.args), decide)
}

/** Decides and acts on it, in one tick: whatever was waited for, the check that the client is there comes last. */
function decide(turn: Turn, evaluation: Evaluation): void {
  const { policy } = turn.door
  if (!mayGoOn(turn)) return
  if (policy.parsed !== turn.options) return begin(turn)

  const { connection, exchange, visit } = turn
  const counted = visit.unit === 'connections'
  const waits = counted
    ? policy.reserve(connection.holder, evaluation, exchange)
    : policy.reserve(exchange, evaluation)
  if (waits) return whenSettled(turn, waits, () => decide(turn, evaluation))

  if (counted) {
    act(turn, evaluation, policy.enter(connection.holder, evaluation, exchange))
  } else if (!turn.options.queue) {
    const outcome = policy.enter(exchange, evaluation)
    goOn(turn, () => act(turn, evaluation, outcome))
  } else {
    queueUp(turn, evaluation)
  }
}

/** Lets a request wait for its turn, if there is no room for it now. */
function queueUp(turn: Turn, evaluation: Evaluation): void {
  let isDecided = false

  function decided(outcome: Outcome): void {
    isDecided = true
    goOn(turn, () => act(turn, evaluation, outcome))
  }
  function askAgain(place: Place): void {
    turn.place = place
    turn.scope!.runInAsyncScope(begin, undefined, turn)
  }

  const { policy, sweep } = turn.door
  policy.enterInTurn({ holder: turn.exchange, evaluation, place: turn.place, decided, askAgain })
  if (isDecided) return
  turn.scope ??= new AsyncResource('limit-conn.queue')
  sweep.watch(turn.connection)
}

/**
 * One that has waited goes on in a tick of its own, and in its own asynchronous context: it was let in while others gave a
 * slot back or changed the options, and what its handler throws must not keep the next from being called.
 */
function goOn(turn: Turn, step: () => void): void {
  const { scope } = turn
  if (!scope) return step()
  process.nextTick(() => scope.runInAsyncScope(() => mayGoOn(turn) && step()))
}

/** Does what was decided. */
function act(turn: Turn, evaluation: Evaluation, { decision, hits }: Outcome): void {
  const { req, connection, exchange } = turn
  const { sweep, journal, keyWatch } = turn.door
  if (decision.error) return turn.fail(decision.error)
  if (decision.status === 'GONE') return turn.cut()

  note(req, decision)
  if (decision.passed) keyWatch.see(turn, evaluation as readonly Ask[])
  if (turn.options.headers) turn.tellQuotas(evaluation as readonly Ask[])
  journal.hits(hits, req)
  if (!decision.passed) return turn.refuse(decision)
  if (decision.status) sweep.watch(connection)
  exchange.hasPassed = true
  turn.pass()
}

function pass(turn: Turn): void {
  for (const zone of turn.door.policy.zones) zone.tally('skipped')
  turn.exchange.hasPassed = true
  turn.pass()
}

/**
 * The client is there, the request was not refused before, nor was another on its connection, unless this one was let in
 * before that.
 *
 * Every other request is answered: where it stands in line before the refused one, the refusal would else never be sent.
 */
function mayGoOn(turn: Turn): boolean {
  const { connection, exchange } = turn
  if (connection.isEnded || turn.hasLeft) {
    connection.destroy()
    return false
  }
  if (exchange.isEnded) return false
  if (!exchange.isRefused && (!connection.isRefused || exchange.hasPassed)) return true

  turn.turnAway()
  return false
}
