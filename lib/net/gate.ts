import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { Connection } from '../connection/connection.ts'
import { rawSocketOf } from '../connection/raw.ts'
import { serverOf } from '../connection/server-address.ts'
import type { Sweep } from '../connection/sweep.ts'
import { toldOf } from '../core/peer.ts'
import type { Policy } from '../core/policy.ts'
import { warnOfTimeouts } from '../http/first-sight.ts'
import type { Watched } from '../http/handle.ts'
import { KeyWatch } from '../http/key-watch.ts'
import { addressOf } from '../key/ip.ts'
import { makeJournal, type Journal } from '../log/journal.ts'
import type { Context } from '../log/line.ts'
import type { Warner } from '../log/warner.ts'
import type { CompiledServer, ServerOptions } from '../options/server.ts'
import { begin, type Arrival } from './arrival.ts'
import { ProxyProtocol } from './proxy-protocol.ts'

/** Where the sockets of a server come in. */
export class Gate {
  readonly policy: Policy<ServerOptions, CompiledServer>
  readonly sweep: Sweep
  readonly journal: Journal<Socket>
  readonly warner: Warner
  readonly keyWatch: KeyWatch
  readonly proxyProtocol: ProxyProtocol = new ProxyProtocol()
  #hasBegun = false

  constructor({ policy, sweep, warner }: Watched<ServerOptions, CompiledServer>) {
    this.policy = policy
    this.sweep = sweep
    this.warner = warner
    this.keyWatch = new KeyWatch(warner, 'have that send the PROXY protocol and set proxyProtocol')
    this.journal = makeJournal(() => policy.parsed, contextOf)
    policy.reportTo((news) => this.journal.news(news))
  }

  /** A socket that was accepted; or a TLSSocket, whose connection was met when it was accepted. */
  arrive(socket: Socket, goOn: () => boolean): boolean {
    const connection = Connection.of(socket)
    if (!connection.isTrackable || !connection.holder.isNewTo(this)) return goOn()

    this.#lookAtServer(socket)
    connection.ignoreErrors()
    keepAlive(socket, this.policy.parsed)
    const { readableEnded: hadEnded } = socket
    this.#begin({ gate: this, connection, socket, options: this.policy.parsed, hadEnded, goOn })
    return true
  }

  /** At the first connection: by then the server is set up. */
  #lookAtServer(socket: Socket): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    const { server } = socket as Socket & { readonly server?: Partial<Server> }
    warnOfTimeouts(server, this.warner)
  }

  #begin(arrival: Arrival): void {
    const { socket, options } = arrival
    const { proxyProtocol } = options
    // No header comes within TLS, and none is believed behind one that was read.
    if (!proxyProtocol || rawSocketOf(socket) || toldOf(socket)) begin(arrival)
    else this.proxyProtocol.read(arrival, proxyProtocol)
  }
}

/** nginx's fields of a stream. */
function contextOf(socket: Socket): Context {
  return { client: addressOf(socket)?.toString(), server: serverOf(socket) }
}

function keepAlive(socket: Partial<Pick<Socket, 'setKeepAlive'>>, { keepAliveMs }: CompiledServer): void {
  if (keepAliveMs !== false) socket.setKeepAlive?.(true, keepAliveMs)
}
