import type { IncomingMessage } from 'node:http'
import { serverOf } from '../connection/server-address.ts'
import { addressOf } from '../key/ip.ts'
import type { Trust } from '../key/trust.ts'
import type { Context } from '../log/line.ts'

type Addressed = IncomingMessage & { readonly originalUrl?: string }

/** What a log line tells of a request. */
export function contextOf(req: Addressed, trust: Trust | undefined): Context {
  const { socket, method, httpVersion, headers } = req
  return {
    client: addressOf(req, trust)?.toString(),
    server: serverOf(socket),
    request: `${method} ${req.originalUrl ?? req.url} HTTP/${httpVersion}`,
    host: headers.host ?? (headers[':authority'] as string | undefined),
  }
}
