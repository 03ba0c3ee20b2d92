import { limitConn, type LimitConn, type LimitConnOptions } from '../../lib/index.ts'
import { Held } from './held.ts'
import { bare } from './hosts.ts'
import { serve, type Served } from './server.ts'

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

/** A server that speaks HTTP/2, with a limit of one and a handler that holds. */
export async function serve2(options: Partial<LimitConnOptions>, tls: boolean): Promise<Setup2> {
  const policy = limitConn({ limit: 1, logLevel: false, ...options })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy], tls, http2: true })
  return { policy, held, server }
}
