import type { ServerResponse } from 'node:http'
import type { Ask } from '../core/limit.ts'
import type { Zone } from '../core/zone.ts'
import type { Quota } from './exchange.ts'
import type { Turn } from './turn.ts'

/** The largest Integer of a structured field. @see RFC 9651 section 3.3.1 */
const largestInteger = 999_999_999_999_999

/**
 * Tells the limits that applied, and what is left of each, in the fields RateLimit-Policy and RateLimit.
 *
 * Several policies on one request tell theirs together. A limit of Infinity is told nobody.
 *
 * @see draft-ietf-httpapi-ratelimit-headers-08
 */
export function tellQuotas({ exchange, res }: Turn, asks: readonly Ask[]): void {
  if (res.headersSent || exchange.isEnded) return
  const quotas = (exchange.quotas ??= toldBefore(res))
  for (const ask of asks)
    if (ask.keys.length > 0 && ask.max < Infinity) quotas.set(ask.limit.zone, quotaOf(ask))
  if (quotas.size === 0) return

  const told = [...quotas.values()]
  setList(res, ['RateLimit-Policy', told.map(({ policy }) => policy)])
  setList(res, ['RateLimit', told.map(({ rest }) => rest)])
}

/** What another limiter has set, such as express-rate-limit: ours stands behind it. */
function toldBefore(res: ServerResponse): Map<Zone | undefined, Quota> {
  const [policy, rest] = [res.getHeader('RateLimit-Policy'), res.getHeader('RateLimit')]
  if (policy === undefined && rest === undefined) return new Map()
  return new Map([[undefined, { policy: String(policy ?? ''), rest: String(rest ?? '') }]])
}

function quotaOf({ limit: { zone }, keys, max }: Ask): Quota {
  const active = Math.max(...keys.map((key) => zone.activeUnder(key)))
  return {
    policy: `"${zone.name}";q=${Math.min(max, largestInteger)};qu="concurrent-requests"`,
    rest: `"${zone.name}";r=${Math.min(Math.max(0, max - active), largestInteger)}`,
  }
}

function setList(res: ServerResponse, [name, items]: readonly [string, readonly string[]]): void {
  res.setHeader(name, items.filter(Boolean).join(', '))
}
