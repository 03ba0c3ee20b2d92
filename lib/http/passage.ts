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
    return turn.fail(functionFailed('trust proxy', cause))
  }

  whenSettled(turn, skips(turn.options, turn.req), identify)
}

function identify(turn: Turn, skip: boolean | LimitConnError): void {
  if (!mayGoOn(turn)) return
  if (skip instanceof LimitConnError) return turn.fail(skip)
  if (skip) return pass(turn)

  whenSettled(turn, turn.door.policy.evaluate(turn.args), decide)
}

/** Decides and acts on it, in one tick: whatever was waited for, the check that the client is there comes last. */
function decide(turn: Turn, evaluation: Evaluation): void {
  const { policy } = turn.door
  if (!mayGoOn(turn)) return
  if (policy.parsed !== turn.options) return begin(turn)

  const { connection, exchange, visit } = turn
  if (visit.unit === 'connections') {
    act(turn, evaluation, policy.enter(connection.holder, evaluation, exchange))
  } else if (!turn.options.queue) {
    act(turn, evaluation, policy.enter(exchange, evaluation))
  } else {
    queueUp(turn, evaluation)
  }
}

/** Lets a request wait for its turn, if there is no room for it now. */
function queueUp(turn: Turn, evaluation: Evaluation): void {
  // Whoever gives a slot back calls: what is bound to the asynchronous context must not be that of another request.
  const scope = new AsyncResource('limit-conn.queue')
  let isWaiting = false

  function decided(outcome: Outcome): void {
    if (!isWaiting) return act(turn, evaluation, outcome)
    // Later: it was called in the middle of what gave the slot back.
    process.nextTick(() => scope.runInAsyncScope(goOn, undefined, turn, evaluation, outcome))
  }
  function askAgain(place: Place): void {
    turn.place = place
    scope.runInAsyncScope(beginAgain, undefined, turn)
  }

  const { policy, sweep } = turn.door
  policy.enterInTurn({ holder: turn.exchange, evaluation, place: turn.place, decided, askAgain })
  isWaiting = true
  sweep.watch(turn.connection)
}

function goOn(turn: Turn, evaluation: Evaluation, outcome: Outcome): void {
  if (mayGoOn(turn)) act(turn, evaluation, outcome)
}

/** What a handler throws is thrown in a tick of its own: others wait to be asked again after this one. */
function beginAgain(turn: Turn): void {
  try {
    begin(turn)
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
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
