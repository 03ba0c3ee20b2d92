import type { Hit } from '../core/decision.ts'
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

/** An error that is told nobody else. Its message may have words of a client. */
export function errorLine({ code, message }: LimitConnError): string {
  return escaped(`${code}: ${message}`, /[\p{C}\p{Zl}\p{Zp}]/gu)
}

/** nginx's fields, in its order: `, client: 10.0.0.1, server: ..., request: "GET / HTTP/1.1", host: "..."`. */
export function contextLine({ client, server, request, host }: Context): string {
  const fields = [
    client !== undefined && `client: ${plain(client)}`,
    server !== undefined && `server: ${plain(server)}`,
    request !== undefined && `request: "${plain(request)}"`,
    host !== undefined && `host: "${plain(host)}"`,
  ]
  return fields.map((field) => (field ? `, ${field}` : '')).join('')
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
