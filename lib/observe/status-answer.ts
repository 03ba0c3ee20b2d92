import type { ServerResponse } from 'node:http'

/** Why a call is not answered as it wishes; it is sent in the shape of the errors of the NGINX Plus API. */
export class Failure {
  readonly status: number
  readonly code: string
  readonly text: string
  headers: Readonly<Record<string, string>> = {}

  constructor(status: number, code: string, text: string) {
    this.status = status
    this.code = code
    this.text = text
  }
}

/** What every answer says: it is of now, and of no other type than it is told to be. */
export const usualHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

interface Content {
  readonly status?: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Sends an answer with a body; Node leaves the body out where HEAD was asked. */
export function send(res: ServerResponse, { status = 200, type, body, headers }: Content): undefined {
  if (res.headersSent) return
  const own = { 'content-type': type, 'content-length': Buffer.byteLength(body) }
  res.writeHead(status, { ...usualHeaders, ...own, ...headers })
  res.end(body)
}

/** Sends JSON. */
export function sendJson(res: ServerResponse, value: unknown): undefined {
  send(res, { type: json, body: JSON.stringify(value) })
}

/** Sends that it was done. */
export function sendNothing(res: ServerResponse): undefined {
  if (!res.headersSent) res.writeHead(204, { ...usualHeaders }).end()
}

/** Sends a failure. */
export function sendFailure(res: ServerResponse, { status, code, text, headers }: Failure): undefined {
  const body = JSON.stringify({ error: { status, text, code } })
  send(res, { status, type: json, headers, body })
}

const json = 'application/json; charset=utf-8'
