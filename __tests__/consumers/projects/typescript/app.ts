import type { AddressInfo } from 'node:net'
import express, { type Request, type Response } from 'express'
import { limitConn, limitServer, Zone } from 'limit-conn'

interface Known extends Request {
  readonly user?: { readonly id: string; readonly isPro: boolean }
}

const policy = limitConn({
  limits: [
    { limit: 2, zone: new Zone({ name: 'per-ip' }) },
    {
      zone: new Zone({ name: 'per-user' }),
      key: (req: Known) => req.user?.id,
      limit: (req: Known) => (req.user?.isPro ? 50 : 5),
    },
  ],
  message: (req: Request, _res: Response, decision) => `${req.originalUrl}: ${decision.status}`,
  logLevel: false,
})

const app = express()
app.use(policy)
app.get('/report', limitConn({ limit: 1, count: 'requests', logLevel: false }), (_req, res) => res.send('x'))
app.get('/slow', (req, res) => {
  res.write(String(req.limitConn?.active ?? 0))
})
const server = app.listen(0, '127.0.0.1', () => {
  console.log(`listening on ${(server.address() as AddressInfo).port}`)
})
limitServer(server, { limit: 10 })
