import express from 'express'
import { limitConn, type LimitConn, type LimitConnOptions } from '../../lib/index.ts'
import { Held } from './held.ts'
import { serve, type Served } from './server.ts'

export interface Full {
  readonly policy: LimitConn
  readonly held: Held
  readonly server: Served
  /** What came to the error handling. */
  readonly errors: unknown[]
}

/** A server with a limit of one, taken by a held request. */
export async function full(options: Partial<LimitConnOptions>, tls = false): Promise<Full> {
  const policy = limitConn({ limit: 1, logLevel: false, ...options })
  const held = new Held()
  const errors: unknown[] = []
  const app = express().use(policy).use(held.handler)
  app.use((error: unknown, _req: unknown, res: express.Response, _next: unknown) => {
    errors.push(error)
    res.status(500).end('error handler')
  })
  const server = await serve(app, { policies: [policy], tls })
  await server.get('/first')
  await held.arrived(1)
  return { policy, held, server, errors }
}
