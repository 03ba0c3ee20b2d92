import { IncomingMessage } from 'node:http'
import { constants, type Http2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Connection } from '../connection/connection.ts'
import { Policy } from '../core/policy.ts'
import { LimitConnError } from '../errors.ts'
import { invalid, isInstance } from '../options/check.ts'
import { extendOptions } from '../options/merge.ts'
import {
  upgradeConfig,
  type CompiledUpgrade,
  type LimitUpgradeOptions,
  type UpgradeOptions,
} from '../options/upgrade.ts'
import { watched, withHandle, type Handle } from './handle.ts'
import { begin } from './passage.ts'
import { watchMaking } from './start.ts'
import { makeDoor } from './turn.ts'
import { UpgradeTurn } from './upgrade-turn.ts'

/** A listener of `upgrade` or `connect`. */
export type UpgradeHandler = (req: IncomingMessage, socket: Duplex, head: Buffer) => unknown

/** What `limitUpgrade` returns: a listener of `upgrade` or `connect`, and the policy behind it. */
export interface LimitUpgrade extends Handle<UpgradeOptions> {
  (req: IncomingMessage, socket: Duplex, head: Buffer): void
  /**
   * A policy of its own with other options, and another handler if one is given. It has this one's limits, zones
   * included, if and only if none are given; every other option is inherited by itself.
   */
  extend(options: Partial<UpgradeOptions>, handler?: UpgradeHandler): LimitUpgrade
}

/**
 * Makes a listener that limits how many upgraded connections a client may hold: WebSockets, CONNECT tunnels.
 *
 * ```ts
 * const upgrade = limitUpgrade({ limit: 5 }, (req, socket, head) => {
 *   wss.handleUpgrade(req, socket, head, (ws) => wss.emit('connection', ws, req))
 * })
 * server.on('upgrade', upgrade)
 * ```
 *
 * A client above the limit gets 503 instead of the upgrade, and its connection is closed. One that is let in keeps its
 * slot until the connection closes. Middleware never sees these requests. Where nothing is waited for, the handler runs
 * in the same tick.
 *
 * @throws LimitConnError for options that are not accepted, with a code and the path of the option
 * @see Node doc/api/http.md, events `upgrade` and `connect`
 */
export function limitUpgrade(options: LimitUpgradeOptions, handler: UpgradeHandler): LimitUpgrade {
  if (isInstance(options, IncomingMessage)) throw notCalled()
  if (typeof handler !== 'function') {
    throw invalid('limitUpgrade handler', handler, 'a function (req, socket, head) that makes the upgrade')
  }

  const beside = watched(new Policy<UpgradeOptions, CompiledUpgrade>(options, upgradeConfig))
  const door = makeDoor(beside)
  const warnIfJustMade = watchMaking(door.warner, 'limitUpgrade')

  function limitUpgradeListener(req: IncomingMessage, socket: Socket, head: Buffer): void {
    if (req.httpVersionMajor >= 2) return sendBack(req)
    warnIfJustMade()

    const connection = Connection.of(socket)
    connection.ignoreErrors()
    begin(new UpgradeTurn(door, connection, [[req, socket, head], () => void handler(req, socket, head)]))
  }

  /** Over HTTP/2 there is no socket to hand over: Node calls with a response. */
  function sendBack(req: IncomingMessage & { readonly stream?: Pick<Http2Stream, 'close'> }): void {
    door.journal.error(ofHttp2(), req)
    req.stream?.close(constants.NGHTTP2_HTTP_1_1_REQUIRED)
  }

  function extend(over: unknown, other: UpgradeHandler = handler): LimitUpgrade {
    return limitUpgrade(extendOptions(beside.policy.parsed.given, over) as never, other)
  }
  return Object.assign(withHandle(limitUpgradeListener, beside), { extend }) as unknown as LimitUpgrade
}

function notCalled(): LimitConnError {
  return new LimitConnError(
    'ERR_LIMIT_CONN_NOT_CALLED',
    "limitUpgrade was mounted without being called; write server.on('upgrade', limitUpgrade({ limit: 5 }, handler))",
  )
}

function ofHttp2(): LimitConnError {
  const message =
    'limitUpgrade met a request of HTTP/2, which has no socket to hand over; limit it with limitConn'
  return new LimitConnError('ERR_LIMIT_CONN_INVALID_SOURCE', message)
}
