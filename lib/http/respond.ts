import type { ServerResponse } from 'node:http'
import { functionFailed } from '../core/limit.ts'
import type { LimitConnError } from '../errors.ts'
import { defaultMessage, type CompiledSettings } from '../options/settings.ts'

/** A body as it is sent. */
export interface Body {
  readonly type: string
  readonly bytes: Buffer
}

/** Answers through `res`, so that access logs see it. */
export function respond(
  res: ServerResponse,
  { statusCode, retryAfter }: CompiledSettings<object>,
  body: Body,
): void {
  const { stream } = res as { readonly stream?: { readonly closed: boolean } }
  if (res.writableEnded || stream?.closed) return
  if (res.headersSent) return void res.destroy()

  res.statusCode = statusCode
  res.setHeader('Content-Type', body.type)
  res.setHeader('Content-Length', body.bytes.length)
  if (retryAfter !== false) res.setHeader('Retry-After', retryAfter)
  res.end(body.bytes)
}

/** Text, bytes or a JSON value as a body, the default for nothing; an error for what JSON has no form for. */
export function encode(message: unknown = defaultMessage): Body | LimitConnError {
  if (typeof message === 'string') return { type: 'text/plain; charset=utf-8', bytes: Buffer.from(message) }
  if (message instanceof Uint8Array) return { type: 'application/octet-stream', bytes: Buffer.from(message) }
  try {
    const bytes = Buffer.from(JSON.stringify(message) ?? 'null')
    return { type: 'application/json; charset=utf-8', bytes }
  } catch (cause) {
    return functionFailed('options.message', cause)
  }
}
