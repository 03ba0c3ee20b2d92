import type { Hit } from '../core/decision.ts'
import { showKey } from '../core/shown.ts'
import type { LimitConnError } from '../errors.ts'

/** What is told of a holder that met a limit. */
export interface Context {
  readonly client?: string | undefined
  readonly server?: string | undefined
  readonly request?: string | undefined
  readonly host?: string | undefined
}

const longestField = 512

/**
 * nginx's words for a limit that was met. They never show the key: it may be a secret.
 *
 * @see nginx src/http/modules/ngx_http_limit_conn_module.c, ngx_http_limit_conn_handler
 */
export function hitLine({ zone, kind }: Pick<Hit, 'zone' | 'kind'>): string {
  if (kind === 'exhausted') return `no room for a new key in limit_conn_zone "${zone.name}"`
  if (kind === 'evicted') return `closing a connection for a newer one by zone "${zone.name}"`
  return `limiting connections${kind === 'dry run' ? ', dry run,' : ''} by zone "${zone.name}"`
}

/** An error that is told nobody else. Its message may have words of a client: with single quotes it passes for no line of a limit. */
export function errorLine({ code, message }: LimitConnError): string {
  return escaped(`${code}: ${message.replaceAll('"', "'")}`, /[\p{C}\p{Zl}\p{Zp}]/gu)
}

/** nginx's fields, in its order: `, client: 10.0.0.1, server: ..., request: "GET / HTTP/1.1", host: "..."`. */
export function contextLine(context: Context): string {
  const { client, server, request, host } = contextFields(context)
  const fields = [
    client !== undefined && `client: ${client}`,
    server !== undefined && `server: ${server}`,
    request !== undefined && `request: "${request}"`,
    host !== undefined && `host: "${host}"`,
  ]
  return fields.map((field) => (field ? `, ${field}` : '')).join('')
}

/** The same for a logger that takes fields; without those that are not known. */
export function contextFields(context: Context): Record<string, string> {
  const known = (['client', 'server', 'request', 'host'] as const).filter(
    (name) => context[name] !== undefined,
  )
  return Object.fromEntries(known.map((name) => [name, plain(context[name]!)]))
}

const kinds: Readonly<Record<Hit['kind'], string>> = {
  passed: 'passed',
  rejected: 'rejected',
  'dry run': 'rejected_dry_run',
  exhausted: 'exhausted',
  evicted: 'evicted',
}

/** What a line tells of a limit that was met: the key is shown as the zone shows it. */
export function hitFields({ zone, kind, key, limit }: Hit): Record<string, string | number> {
  const shown = plain(showKey(key, zone.showing))
  // JSON has no infinity.
  return { zone: zone.name, key: shown, kind: kinds[kind], ...(Number.isFinite(limit) && { limit }) }
}

/** Clients choose these texts: no quote, no control character and no line of theirs may pass for ours. */
function plain(text: string): string {
  return escaped(text, /[\p{C}\p{Zl}\p{Zp}"\\]/gu)
}

function escaped(text: string, chars: RegExp): string {
  const safe = text.slice(0, longestField).replace(chars, hexOf)
  return text.length > longestField ? `${safe}...` : safe
}

function hexOf(char: string): string {
  return `\\x${char.codePointAt(0)!.toString(16).padStart(2, '0')}`
}
