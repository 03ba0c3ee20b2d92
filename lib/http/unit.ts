import type { IncomingMessage } from 'node:http'
import type { Connection } from '../connection/connection.ts'
import type { Owner } from '../core/slot.ts'
import { isProxied } from '../key/ip.ts'
import type { Compiled } from '../options/middleware.ts'

/** The request that is decided by. */
export interface First {
  readonly req: IncomingMessage
  readonly options: Compiled
}

/** What holds the slot. */
export type Unit = 'connections' | 'requests'

/**
 * What a policy counts on a connection. Decided at its first request, and never changed.
 *
 * The connection of a trusted proxy carries the requests of many clients: each of them holds a slot of its own. That
 * depends on the proxy alone, not on what the request says.
 */
export function unitOf(connection: Connection, owner: Owner, first: First): Unit {
  const known = connection.units.find((entry) => entry.owner === owner)
  if (known) return known.unit

  const unit = decide(connection, first)
  connection.units.push({ owner, unit })
  return unit
}

function decide(connection: Connection, { options: { count, trusts }, req }: First): Unit {
  if (!connection.isTrackable) return 'requests'
  if (count !== 'auto') return count
  return isProxied(req, trusts) ? 'requests' : 'connections'
}
