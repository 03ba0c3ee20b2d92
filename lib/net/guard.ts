import type { Http2Session } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { Connection } from '../connection/connection.ts'
import { Policy } from '../core/policy.ts'
import { watched, withHandle, type Handle } from '../http/handle.ts'
import { extendOptions } from '../options/merge.ts'
import {
  serverConfig,
  type CompiledServer,
  type LimitServerOptions,
  type ServerOptions,
} from '../options/server.ts'
import { checkFit, checkServer, withoutAddress } from './fit.ts'
import { Gate } from './gate.ts'
import { interceptEvents, type Intercept } from './intercept.ts'
import type { ProxyHeaders } from './proxy-protocol.ts'

/** What `limitServer` returns: the policy of a guard. */
export interface LimitServer extends Handle<ServerOptions> {
  /**
   * Connections that the server itself has dropped since the guard stands, above its `maxConnections`. They are counted
   * nowhere else.
   *
   * @see Node doc/api/net.md, event `drop`
   */
  readonly dropped: number
  /**
   * PROXY protocol headers that were read, and connections that were closed for want of one, by cause. Nothing of these
   * was counted in a zone, but of some of the `repeated`.
   */
  readonly proxyHeaders: ProxyHeaders
  /** Leaves the server as it was, also if called twice. Connections that are counted stay counted until they close. */
  stop(): void
  /**
   * A guard of another server. It has this one's limits, zones included, if and only if none are given; every other
   * option is inherited by itself.
   *
   * @throws LimitConnError as `limitServer` does
   */
  extend(server: Server, options?: Partial<ServerOptions>): LimitServer
}

/**
 * Limits how many connections a client may hold on a server of `node:net`, `tls`, `http`, `https` or `http2`.
 *
 * ```ts
 * limitServer(server, { limit: 100 })
 * ```
 *
 * It counts from accept to close, before TLS and before any parser: connections that send nothing, handshakes,
 * WebSockets and CONNECT tunnels too. What was accepted before the call is not counted, but over TLS from the end of its
 * handshake if that comes later. No listener of the server hears of a socket that is refused. What goes wrong in a
 * function of yours closes the socket and is logged.
 *
 * Middleware on the same zone and key takes no second slot for a connection. Behind a proxy a guard sees the proxy, unless
 * that tells the client by the PROXY protocol: `proxyProtocol`.
 *
 * A server that listens on a Unix socket emits `error` with ERR_LIMIT_CONN_NO_ADDRESS, and not `listening`, if a key needs
 * an address.
 *
 * @throws LimitConnError for what is no server and for options that are not accepted, with a code and the path of the
 * option; ERR_LIMIT_CONN_NO_ADDRESS if the server listens on a Unix socket already
 * @see nginx src/stream/ngx_stream_limit_conn_module.c
 */
export function limitServer(server: Server, options: LimitServerOptions): LimitServer {
  checkServer(server)
  const beside = watched(
    new Policy<ServerOptions, CompiledServer>(options, (given, before?: CompiledServer) =>
      checkFit(server, serverConfig(given, before)),
    ),
  )
  const { policy } = beside
  const gate = new Gate(beside)
  const arrive: Intercept = (socket, goOn) => gate.arrive(socket as Socket, goOn)
  let dropped = 0

  function countDrop(_: unknown, goOn: () => boolean): boolean {
    dropped++
    return goOn()
  }
  function checkAddress(_: unknown, goOn: () => boolean): boolean {
    const error = withoutAddress(server, policy.parsed)
    return error ? server.emit('error', error) : goOn()
  }

  const stop = interceptEvents(server, {
    connection: arrive,
    secureConnection: arrive,
    session: meetSession,
    drop: countDrop,
    listening: checkAddress,
  })

  function extend(other: Server, over: unknown = {}): LimitServer {
    return limitServer(other, extendOptions(policy.parsed.given, over) as never)
  }
  const guard = Object.defineProperties(
    { stop, extend },
    {
      dropped: { get: () => dropped, enumerable: true },
      proxyHeaders: { get: () => gate.proxyProtocol.counts, enumerable: true },
    },
  )
  return withHandle(guard, beside) as unknown as LimitServer
}

/** Lets the sweep see what speaks HTTP/2 on a connection. */
function meetSession(session: unknown, goOn: () => boolean): boolean {
  Connection.ofSession(session as Http2Session)
  return goOn()
}
