import type { Socket } from 'node:net'
import type { Connection } from '../connection/connection.ts'
import type { Ask, Evaluation } from '../core/limit.ts'
import { LimitConnError } from '../errors.ts'
import { whenSettled } from '../http/settle.ts'
import { skips } from '../http/skip.ts'
import { warnOfStores } from '../http/start.ts'
import type { CompiledServer } from '../options/server.ts'
import type { Gate } from './gate.ts'
import { refuse } from './refuse.ts'

/** A socket that was accepted, on its way through a guard. */
export interface Arrival {
  readonly gate: Gate
  readonly connection: Connection
  readonly socket: Socket
  /** The options in force when it was last asked who this is. */
  options: CompiledServer
  /** Its end was told before it came here. */
  readonly hadEnded: boolean
  /** Hands the socket to the listeners of the server. */
  readonly goOn: () => void
}

/** What a guard counts. */
const connections = { unit: 'connections' } as const

/** Finds out who comes, now or later. Where nothing is waited for, all is done in the tick of the event. */
export function begin(arrival: Arrival): void {
  arrival.options = arrival.gate.policy.parsed
  if (isThere(arrival)) whenSettled(arrival, skips(arrival.options, arrival.socket), identify)
}

function identify(arrival: Arrival, skip: boolean | LimitConnError): void {
  const { gate, socket } = arrival
  if (!isThere(arrival)) return
  if (skip instanceof LimitConnError) return fail(arrival, skip)
  if (!skip) return whenSettled(arrival, gate.policy.evaluate([socket]), decide)

  for (const zone of gate.policy.zones) zone.tally('skipped')
  letIn(arrival)
}

/** Decides and acts on it, in one tick: whatever was waited for, the check that the client is there comes last. */
function decide(arrival: Arrival, evaluation: Evaluation): void {
  const { gate, connection, socket } = arrival
  const { policy, sweep, journal, keyWatch, warner } = gate
  if (!isThere(arrival)) return
  if (policy.parsed !== arrival.options) return begin(arrival)

  const waits = policy.reserve(connection.holder, evaluation)
  if (waits) {
    warnOfStores(policy.zones, warner)
    return whenSettled(arrival, waits, () => decide(arrival, evaluation))
  }

  const { decision, hits } = policy.enter(connection.holder, evaluation)
  if (decision.error) return fail(arrival, decision.error)
  if (decision.status === 'GONE') return connection.destroy()

  journal.hits(hits, socket)
  if (!decision.passed) return refuse(arrival, decision)
  keyWatch.count(connections, evaluation as readonly Ask[])
  if (decision.status) sweep.watch(connection)
  letIn(arrival)
}

/** The socket goes on. If the client ended its side during a wait, the end is told again: nobody could hear it. */
function letIn({ socket, hadEnded, goOn }: Arrival): void {
  goOn()
  if (socket.readableEnded && !hadEnded) process.nextTick(() => socket.destroyed || socket.emit('end'))
}

/** A function of the options failed: nobody is let in. */
function fail({ gate, connection, socket }: Arrival, error: LimitConnError): void {
  gate.journal.error(error, socket)
  connection.destroy()
}

function isThere({ connection }: Arrival): boolean {
  if (connection.isEnded) connection.destroy()
  return !connection.isEnded
}
