import connect from 'connect'
import express from 'express'
import express4 from 'express4'
import type { LimitConn } from '../../lib/index.ts'
import type { Handler } from './server.ts'

/** Puts policies in front of a handler. */
export type Mount = (policies: readonly LimitConn[], handler: Handler) => Handler

/** The hosts that the middleware is made for. */
export const hosts: Record<string, Mount> = {
  'Express 5': (policies, handler) => {
    const app = express()
    for (const policy of policies) app.use(policy)
    return app.use(handler)
  },
  'Express 4': (policies, handler) => {
    const app = express4()
    for (const policy of policies) app.use(policy)
    return app.use(handler)
  },
  Connect: (policies, handler) => {
    const app = connect()
    for (const policy of policies) app.use(policy)
    return app.use(handler)
  },
  'node:http': bare,
}

/** On a bare server an error of a policy is answered by the caller. */
export function bare(policies: readonly LimitConn[], handler: Handler): Handler {
  const [policy, ...rest] = policies
  if (!policy) return handler
  const inner = bare(rest, handler)
  return (req, res) => policy(req, res, (error) => (error ? answerError(res, error) : inner(req, res)))
}

function answerError(res: Parameters<Handler>[1], error: unknown): void {
  res.writeHead(500).end(String((error as { code?: string }).code ?? error))
}
