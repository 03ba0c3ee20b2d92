import connect from 'connect'
import type { Zone } from '../../../lib/index.ts'
import { statusRouter } from '../../../lib/status.ts'
import type { Handler } from '../server.ts'

export interface StatusOptions {
  readonly zones: readonly Zone[] | (() => readonly Zone[])
  /** @default false */
  readonly mayChange?: boolean
  /** Whether events can be had, or nothing but JSON. @default true */
  readonly hasEvents?: boolean
}

/** The status router, mounted at `/status/`. */
export function statusHandler({ zones, mayChange = false, hasEvents = true }: StatusOptions): Handler {
  const app = connect()
  if (!hasEvents) app.use('/status/events', (_req, res) => res.writeHead(404).end())
  return app.use('/status', statusRouter({ zones, ...(mayChange && { authorize: () => true }) }))
}
