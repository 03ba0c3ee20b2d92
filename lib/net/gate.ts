import type { Socket } from 'node:net'
import { Connection } from '../connection/connection.ts'
import { serverOf } from '../connection/server-address.ts'
import type { Sweep } from '../connection/sweep.ts'
import type { Policy } from '../core/policy.ts'
import type { Watched } from '../http/handle.ts'
import { addressOf } from '../key/ip.ts'
import { makeJournal, type Journal } from '../log/journal.ts'
import type { Context } from '../log/line.ts'
import type { CompiledServer, ServerOptions } from '../options/server.ts'
import { begin } from './arrival.ts'

/** Where the sockets of a server come in. */
export class Gate {
  readonly policy: Policy<ServerOptions, CompiledServer>
  readonly sweep: Sweep
  readonly journal: Journal<Socket>

  constructor({ policy, sweep }: Watched<ServerOptions, CompiledServer>) {
    this.policy = policy
    this.sweep = sweep
    this.journal = makeJournal(() => policy.parsed, contextOf)
  }

  /** A socket that was accepted; or a TLSSocket, whose connection was met when it was accepted. */
  arrive(socket: Socket, goOn: () => boolean): boolean {
    const connection = Connection.of(socket)
    if (!connection.isTrackable || !connection.holder.isNewTo(this)) return goOn()

    connection.ignoreErrors()
    keepAlive(socket, this.policy.parsed)
    const { readableEnded: hadEnded } = socket
    begin({ gate: this, connection, socket, options: this.policy.parsed, hadEnded, goOn })
    return true
  }
}

/** nginx's fields of a stream. */
function contextOf(socket: Socket): Context {
  return { client: addressOf(socket)?.toString(), server: serverOf(socket) }
}

function keepAlive(socket: Partial<Pick<Socket, 'setKeepAlive'>>, { keepAliveMs }: CompiledServer): void {
  if (keepAliveMs !== false) socket.setKeepAlive?.(true, keepAliveMs)
}
