import type { IncomingMessage, ServerResponse } from 'node:http'
import { limitsOn } from '../../../lib/core/sharing.ts'
import { showKey } from '../../../lib/core/shown.ts'
import type { Advice, TopKey, Zone } from '../../../lib/index.ts'
import { page } from '../../../lib/observe/page.ts'
import type { Handler } from '../server.ts'

export interface StatusOptions {
  readonly zones: readonly Zone[]
  /** @default false */
  readonly mayChange?: boolean
  /** How often to send an event; false: there are none. @default 100 */
  readonly everyMs?: number | false
}

type Answer = (res: ServerResponse, found: { zone?: Zone; key?: string; query: URLSearchParams }) => void

/** Serves the page and what it asks for, mounted at `/status/`. */
export function statusHandler({ zones, mayChange = false, everyMs = 100 }: StatusOptions): Handler {
  const all = (): object => Object.fromEntries(zones.map((zone) => [zone.name, zoneOf(zone)]))
  const tick = (): object => ({
    now_ms: Date.now(),
    may_change: mayChange,
    zones: Object.fromEntries(zones.map((zone) => [zone.name, { ...zoneOf(zone), top: topOf(zone, 10) }])),
  })
  const routes: Record<string, Answer> = {
    'GET /status/': sendPage,
    'GET /status/limit_conns': (res) => json(res, all()),
    'GET /status/limit_conns/*/keys': (res, { zone, query }) =>
      json(res, topOf(zone!, Number(query.get('n')))),
    'GET /status/limit_conns/*/advice': (res, { zone, query }) => json(res, adviceOf(zone!, query)),
    ...(everyMs !== false && { 'GET /status/events': (res) => sendEvents(res, tick, everyMs) }),
    ...(mayChange && {
      'DELETE /status/limit_conns/*': (res, { zone }) => (zone!.reset(), res.writeHead(204).end()),
      'DELETE /status/limit_conns/*/keys/*': (res, { zone, key }) => json(res, { kicked: kick(zone!, key!) }),
    }),
  }

  return function answer(req: IncomingMessage, res: ServerResponse): void {
    const { pathname, searchParams: query } = new URL(req.url!, 'http://status')
    const [, , , name = '', what, key = ''] = pathname.split('/')
    const shape = pathname.replace(/^(\/status\/limit_conns\/)[^/]+/, '$1*').replace(/(\/keys\/).+/, '$1*')
    const zone = zones.find((each) => each.name === decodeURIComponent(name))
    const route = routes[`${req.method} ${shape}`]
    if (!route || (what !== undefined && !zone)) return notFound(res)
    route(res, { ...(zone && { zone }), key: decodeURIComponent(key), query })
  }
}

function sendPage(res: ServerResponse): void {
  const { html, csp } = page()
  res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': csp }).end(html)
}

function sendEvents(res: ServerResponse, tick: () => object, everyMs: number): void {
  const send = (): unknown => res.write(`data: ${JSON.stringify(tick())}\n\n`)
  res.writeHead(200, { 'Content-Type': 'text/event-stream' })
  send()
  const timer = setInterval(send, everyMs)
  res.on('close', () => clearInterval(timer))
}

function zoneOf(zone: Zone): object {
  const { rejectedDryRun, ...stats } = zone.stats()
  const limits = limitsOn(zone).map(({ limit, isDryRun }) => {
    return { limit: typeof limit === 'number' ? limit : null, dry_run: isDryRun }
  })
  return {
    ...stats,
    rejected_dry_run: rejectedDryRun,
    max: zone.max,
    shared: zone.share !== undefined,
    limits,
  }
}

function topOf(zone: Zone, n: number): object[] {
  return zone.top(n).map(({ shown, kind, active, peak, rejected, oldestMs, idleSinceMs }: TopKey) => {
    return { key: shown, kind, active, peak, rejected, oldest_ms: oldestMs, idle_since_ms: idleSinceMs }
  })
}

function adviceOf(zone: Zone, query: URLSearchParams): object {
  const limits = query.get('limits')?.split(',').map(Number) ?? []
  const advice: Advice = zone.advise({
    maxRejectedShare: Number(query.get('max_rejected_share')),
    limits,
    top: Number(query.get('top')),
  })
  return {
    since_ms: advice.sinceMs,
    arrivals: advice.arrivals,
    candidates: advice.candidates.map(({ rejectedShare, topKeys, ...rest }) => {
      return { ...rest, rejected_share: rejectedShare, top_keys: topKeys }
    }),
    suggestion: advice.suggestion,
  }
}

function kick(zone: Zone, shown: string): number {
  const record = zone.allRecords.find(({ key }) => showKey(key, zone.showing) === shown)
  if (!record) return 0
  const key = record.key.slice(2)
  return zone.kick(record.key.startsWith('a:') ? key : { text: key })
}

function json(res: ServerResponse, value: object): void {
  res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
}

function notFound(res: ServerResponse): void {
  const error = { status: 404, text: 'not found', code: 'NotFound' }
  res.writeHead(404, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error }))
}
