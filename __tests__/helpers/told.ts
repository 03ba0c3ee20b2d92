import type http from 'node:http'
import { limitConn, type LimitConn, type LimitConnOptions } from '../../lib/index.ts'
import { bare } from './hosts.ts'
import { serve, type Served, type ServeOptions } from './server.ts'

/** A policy, and the warnings that its logger was told. */
export interface Told {
  readonly policy: LimitConn
  readonly lines: string[]
}

export interface Visited extends Told {
  readonly server: Served
}

export function told(options: Partial<LimitConnOptions>): Told {
  const lines: string[] = []
  const logger = { warn: (line: string) => lines.push(line), error: () => undefined }
  return { policy: limitConn({ limit: 10_000, logger, ...options }), lines }
}

/** The codes at the beginning of warnings. */
export function codesOf(lines: readonly string[]): string[] {
  return lines.map((line) => line.slice(0, line.indexOf(':')))
}

export const ok = (_req: http.IncomingMessage, res: http.ServerResponse): void => void res.end('ok')

/** A bare server with such a policy. */
export async function visited(
  options: Partial<LimitConnOptions>,
  server: ServeOptions['server'] = {},
): Promise<Visited> {
  const { policy, lines } = told(options)
  return { policy, lines, server: await serve(bare([policy], ok), { policies: [policy], server }) }
}

/** Asks so many times, each on a connection of its own. */
export async function ask(
  { server }: Visited,
  headers: Record<string, string> = {},
  times = 1,
): Promise<void> {
  for (let n = 0; n < times; n++) await (await server.get('/', headers)).answer()
}
