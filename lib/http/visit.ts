import type { Visit } from '../connection/visit.ts'
import { isProxied } from '../key/ip.ts'
import { warnAtFirstSight } from './first-sight.ts'
import type { Turn } from './turn.ts'

/** The visit of a connection to a policy; it begins with the first request. */
export function visitOf(turn: Turn): Visit {
  const { connection, door } = turn
  for (const visit of connection.visits) if (visit.owner === door.policy) return visit

  const visit = { owner: door.policy, unit: unitOf(turn), keys: [], changes: 0, isSeen: false }
  connection.visits.push(visit)
  if (visit.unit === 'requests') warnOfMixedZone(turn)
  else if (turn.options.queue) warnOfUnusedQueue(turn)
  warnAtFirstSight(turn)
  return visit
}

/**
 * What a policy counts on a connection.
 *
 * The connection of a trusted proxy carries the requests of many clients: each of them holds a slot of its own. That
 * depends on the proxy alone, not on what the request says.
 */
function unitOf({ connection, options: { count, trusts }, req }: Turn): Visit['unit'] {
  if (!connection.isTrackable) return 'requests'
  if (count !== 'auto') return count
  return isProxied(req, trusts) ? 'requests' : 'connections'
}

/** A client came by itself, where only what a trusted proxy sends would wait. */
function warnOfUnusedQueue({ door: { warner } }: Turn): void {
  const advice = "write count: 'requests', or trust the proxy that its requests come through"
  warner.warn(
    'unusedQueue',
    `a connection is counted as one, and its requests do not wait in the queue; ${advice}`,
  )
}

/** A guard has counted the connection where its requests are to be counted. */
function warnOfMixedZone({ connection, door: { policy, warner } }: Turn): void {
  if (!warner.mayWarn('mixedZone')) return
  const slot = connection.holder.slots.find(({ zone }) => policy.zones.includes(zone))
  if (!slot) return

  const advice = 'give the guard a zone of its own'
  const text = `zone "${slot.zone.name}" counts a connection and each of its requests beside it; ${advice}`
  warner.warn('mixedZone', text)
}
