import type { ServerResponse } from 'node:http'
import type { Ask } from '../core/limit.ts'
import { totalUnder } from '../core/share.ts'
import type { Zone } from '../core/zone.ts'
import type { Exchange, Quota } from './exchange.ts'
import type { RequestTurn } from './request-turn.ts'

/** The largest Integer of a structured field. @see RFC 9651 section 3.3.1 */
const largestInteger = 999_999_999_999_999

/** The name of a field, and its items. */
export type QuotaField = readonly [name: string, items: readonly string[]]

/**
 * The fields RateLimit-Policy and RateLimit: the limits that applied, and what is left of each.
 *
 * Several policies on one request tell theirs together. A limit of Infinity is told nobody.
 *
 * @see draft-ietf-httpapi-ratelimit-headers-08
 */
export function quotaFields(exchange: Exchange, asks: readonly Ask[]): readonly QuotaField[] {
  const quotas = (exchange.quotas ??= new Map())
  for (const ask of asks)
    if (ask.keys.length > 0 && ask.max < Infinity) quotas.set(ask.limit.zone, quotaOf(ask))
  const told = [...quotas.values()]
  if (told.length === 0) return []
  return [
    ['RateLimit-Policy', told.map(({ policy }) => policy)],
    ['RateLimit', told.map(({ rest }) => rest)],
  ]
}

/** Sets the fields on a response. */
export function setQuotas({ exchange, res }: RequestTurn, asks: readonly Ask[]): void {
  if (res.headersSent || exchange.isEnded) return
  exchange.quotas ??= toldBefore(res)
  for (const [name, items] of quotaFields(exchange, asks))
    res.setHeader(name, items.filter(Boolean).join(', '))
}

/** What another limiter has set, such as express-rate-limit: ours stands behind it. */
function toldBefore(res: ServerResponse): Map<Zone | undefined, Quota> {
  const [policy, rest] = [res.getHeader('RateLimit-Policy'), res.getHeader('RateLimit')]
  if (policy === undefined && rest === undefined) return new Map()
  return new Map([[undefined, { policy: String(policy ?? ''), rest: String(rest ?? '') }]])
}

function quotaOf({ limit: { zone }, keys, max }: Ask): Quota {
  const active = Math.max(...keys.map((key) => totalUnder(zone, key)))
  return {
    policy: `"${zone.name}";q=${Math.min(max, largestInteger)};qu="concurrent-requests"`,
    rest: `"${zone.name}";r=${Math.min(Math.max(0, max - active), largestInteger)}`,
  }
}
