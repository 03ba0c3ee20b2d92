import { STATUS_CODES } from 'node:http'
import type { CompiledSettings } from '../options/settings.ts'
import type { QuotaField } from './quota.ts'
import type { Body } from './respond.ts'

/** A refusal as bytes, for a socket that no parser of Node's owns. @see RFC 9112 section 2.1 */
export function rawResponse(
  { statusCode, retryAfter }: Pick<CompiledSettings<object>, 'statusCode' | 'retryAfter'>,
  { type, bytes }: Body,
  quotas: readonly QuotaField[] = [],
): Buffer {
  const lines = [
    `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? 'Refused'}`,
    `Date: ${new Date().toUTCString()}`,
    'Connection: close',
    `Content-Type: ${type}`,
    `Content-Length: ${bytes.length}`,
    ...(retryAfter === false ? [] : [`Retry-After: ${retryAfter}`]),
    ...quotas.map(([name, items]) => `${name}: ${items.join(', ')}`),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes])
}
