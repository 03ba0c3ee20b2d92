import type { IncomingMessage } from 'node:http'
import { limitConn, type LimitConn, type LimitConnOptions } from '../../lib/index.ts'
import { Held } from './held.ts'
import { bare } from './hosts.ts'
import { serve, type Handler, type Served } from './server.ts'

/** The ways in which HTTP/2 is spoken, and whether they are over TLS. */
export const kinds = [
  ['h2c', false],
  ['TLS', true],
] as const

export interface Setup2 {
  readonly policy: LimitConn
  readonly held: Held
  readonly server: Served
}

/** A server that speaks HTTP/2, with a limit of one and a handler that holds; `before` sees each request first. */
export async function serve2(
  options: Partial<LimitConnOptions>,
  tls: boolean,
  before: (req: IncomingMessage) => unknown = () => undefined,
): Promise<Setup2> {
  const policy = limitConn({ limit: 1, logLevel: false, ...options })
  const held = new Held()
  const inner = bare([policy], held.handler)
  const handler: Handler = (req, res) => (before(req), inner(req, res))
  const server = await serve(handler, { policies: [policy], tls, http2: true })
  return { policy, held, server }
}
