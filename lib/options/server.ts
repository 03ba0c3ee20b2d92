import type { Socket } from 'node:net'
import type { Decision } from '../core/decision.ts'
import { whole } from './check.ts'
import { acceptKey } from './keys.ts'
import type { Call, Limited } from './limits.ts'
import type { PolicyOptions } from './policy.ts'
import {
  aProxyProtocol,
  compileProxyProtocol,
  type CompiledProxyProtocol,
  type ProxyProtocolOptions,
} from './proxy-protocol.ts'
import {
  aBody,
  aReject,
  aSkip,
  compileSettings,
  settingChecks,
  type CompiledSettings,
  type Settings,
} from './settings.ts'
import { socketSkip } from './skip.ts'

/**
 * Refuses a socket itself, with a line of your protocol for example. The socket is closed within a second after it is
 * done; end it to close it earlier. On a TLS server the socket is the one below TLS: what is written is clear text.
 */
export type SocketRejectHandler = Call<[socket: Socket, decision: Decision], unknown>

/** The options of a server guard, each by itself. */
export interface ServerOptions extends PolicyOptions<[socket: Socket]>, Settings {
  /**
   * How to refuse: close the socket, reset it, answer as an HTTP server would, or a handler of yours. To answer takes a
   * server of node:http. At most 1,024 refused sockets of the process wait for their clients to read; beyond that they
   * are closed at once.
   * @default 'destroy'
   */
  readonly reject?: 'destroy' | 'reset' | 'respond' | SocketRejectHandler
  /** Body of the answer, where `reject` is `'respond'`: text or a JSON value. @default a sentence that tells no limit */
  readonly message?: string | number | boolean | object | null
  /** What is not counted: a function, or a list of addresses and CIDRs. @default nothing */
  readonly skip?: Call<[socket: Socket], boolean | PromiseLike<boolean>> | readonly string[]
  /**
   * Silence after which TCP asks the peer whether it is there, in milliseconds, 1,000 to 32,767,000, rounded down to
   * seconds; false leaves the socket as the server made it. A peer that does not answer is gone some ten seconds later,
   * but one that vanished while bytes for it were unacknowledged when the kernel gives these up: minutes.
   * @default 30_000
   * @see Node doc/api/net.md, socket.setKeepAlive
   */
  readonly keepAliveMs?: number | false
  /**
   * Connections begin with a PROXY protocol header, of version 1 or 2, that tells the client. False: with none.
   * @default false
   * @see https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt
   */
  readonly proxyProtocol?: ProxyProtocolOptions | false
}

/** The options of `limitServer`; `limit` or `limits` is required. */
export type LimitServerOptions = ServerOptions & Limited<[socket: Socket]>

/** The options of `limitServer`, compiled. */
export interface CompiledServer extends CompiledSettings<ServerOptions> {
  readonly reject: 'destroy' | 'reset' | 'respond' | SocketRejectHandler
  readonly keepAliveMs: number | false
  readonly proxyProtocol: CompiledProxyProtocol | false
}

const kind = {
  checks: {
    ...settingChecks,
    message: aBody('text or a JSON value; there is no request yet to give to a function'),
    reject: aReject(['destroy', 'reset', 'respond'], 'socket, decision'),
    skip: aSkip(socketSkip),
    keepAliveMs: aKeepAlive,
    proxyProtocol: aProxyProtocol,
  },
  defaults: { reject: 'destroy', keepAliveMs: 30_000, proxyProtocol: false },
  compileSkip: socketSkip,
  compileKey: acceptKey,
}

/** Checks and compiles the options of `limitServer`. */
export function serverConfig(options: unknown, before?: CompiledServer): CompiledServer {
  const settings = compileSettings<ServerOptions, CompiledServer>(kind, options, before)
  const { proxyProtocol: given = false } = settings.given
  if (!given) return settings

  const proxyProtocol = compileProxyProtocol(given)
  return {
    ...settings,
    config: Object.freeze({ ...settings.config, proxyProtocol: proxyProtocol.config }),
    proxyProtocol,
  }
}

const longestKeepAliveMs = 32_767_000
const aKeepAliveTime = whole(
  1_000,
  longestKeepAliveMs,
  `false, or a whole number of milliseconds from 1000 to ${longestKeepAliveMs}`,
)

function aKeepAlive(value: unknown, path: string): unknown {
  return value === false ? value : aKeepAliveTime(value, path)
}
