import type { ServerResponse } from 'node:http'
import type { Compiled } from '../options/middleware.ts'

/** Answers through `res`, so that access logs see it: text, bytes, or a JSON value. */
export function respond(res: ServerResponse, { statusCode, retryAfter }: Compiled, message: unknown): void {
  if (res.writableEnded) return
  if (res.headersSent) return void res.destroy()

  const { type, body } = encode(message)
  res.statusCode = statusCode
  res.setHeader('Content-Type', type)
  res.setHeader('Content-Length', body.length)
  if (retryAfter !== false) res.setHeader('Retry-After', retryAfter)
  res.end(body)
}

function encode(message: unknown): { type: string; body: Buffer } {
  if (typeof message === 'string') return { type: 'text/plain; charset=utf-8', body: Buffer.from(message) }
  if (message instanceof Uint8Array) return { type: 'application/octet-stream', body: Buffer.from(message) }
  return { type: 'application/json; charset=utf-8', body: Buffer.from(JSON.stringify(message) ?? 'null') }
}
