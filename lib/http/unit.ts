import { isProxied } from '../key/ip.ts'
import type { Turn, Unit } from './turn.ts'

/**
 * What a policy counts on a connection. Decided at its first request, and never changed.
 *
 * The connection of a trusted proxy carries the requests of many clients: each of them holds a slot of its own. That
 * depends on the proxy alone, not on what the request says.
 */
export function unitOf(turn: Turn): Unit {
  const { connection, door } = turn
  const known = connection.units.find(({ owner }) => owner === door.policy)
  if (known) return known.unit

  const unit = decide(turn)
  connection.units.push({ owner: door.policy, unit })
  return unit
}

function decide({ connection, options: { count, trusts }, req }: Turn): Unit {
  if (!connection.isTrackable) return 'requests'
  if (count !== 'auto') return count
  return isProxied(req, trusts) ? 'requests' : 'connections'
}
