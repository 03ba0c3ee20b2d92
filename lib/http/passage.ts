import type { Sweep } from '../connection/sweep.ts'
import { functionFailed, type Evaluation } from '../core/limit.ts'
import type { Policy } from '../core/policy.ts'
import { LimitConnError } from '../errors.ts'
import type { Compiled, LimitConnOptions } from '../options/middleware.ts'
import type { Exchange } from './exchange.ts'
import type { Journal } from './journal.ts'
import { refuse, turnAway, type Turn } from './refuse.ts'
import { whenSettled } from './settle.ts'
import { skips } from './skip.ts'
import { note } from './status.ts'
import { unitOf, type Unit } from './unit.ts'

/** A request at the door of a policy, before it is known how to treat it. */
export interface Passage extends Omit<Turn, 'unit' | 'options'> {
  readonly exchange: Exchange
  readonly policy: Policy<LimitConnOptions, Compiled>
  readonly sweep: Sweep
  readonly tell: Journal
}

/** Finds out who asks, now or later. The unit is found first: it belongs to the connection, not to the request. */
export function begin(passage: Passage): void {
  const { req, next, connection, policy } = passage
  const options = policy.parsed
  let unit: Unit
  try {
    unit = unitOf(connection, policy, { req, options })
  } catch (cause) {
    return next(functionFailed('trust proxy', cause))
  }

  const turn = { ...passage, unit, options }
  if (!mayGoOn(turn)) return
  whenSettled(skips(options, req), (skip) => {
    if (!mayGoOn(turn)) return
    if (skip instanceof LimitConnError) return next(skip)
    if (skip) return pass(turn)
    whenSettled(policy.evaluate([req, turn.res]), (evaluation) => decide(turn, evaluation))
  })
}

/** Decides and acts on it, in one tick: whatever was waited for, the check that the client is there comes last. */
function decide(turn: Turn & Passage, evaluation: Evaluation): void {
  const { req, next, connection, exchange, policy } = turn
  if (!mayGoOn(turn)) return
  if (policy.parsed !== turn.options) return begin(turn)

  const { decision, hits } =
    turn.unit === 'requests'
      ? policy.enter(exchange, evaluation)
      : policy.enter(connection.holder, evaluation, exchange)
  if (decision.error) return next(decision.error)
  if (decision.status === 'GONE') return void connection.socket.destroy()

  note(req, decision)
  turn.tell(hits, req)
  if (!decision.passed) return refuse(turn, decision)
  if (decision.status) turn.sweep.watch(connection)
  exchange.hasPassed = true
  next()
}

function pass({ policy, exchange, next }: Passage): void {
  for (const zone of policy.zones) zone.tally('skipped')
  exchange.hasPassed = true
  next()
}

/**
 * The client is there, and no request was refused on its connection, unless this one was let in before that.
 *
 * Every other request is answered: where it stands in line before the refused one, the refusal would else never be sent.
 */
function mayGoOn(turn: Turn & Passage): boolean {
  const { connection, exchange } = turn
  if (connection.holder.isEnded) connection.socket.destroy()
  if (connection.holder.isEnded || exchange.isEnded) return false
  if (!connection.isRefused || exchange.hasPassed) return true

  turnAway(turn)
  return false
}
