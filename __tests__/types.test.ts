import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { expect, it } from '@jest/globals'
import connect from 'connect'
import express from 'express'
import { WebSocketServer } from 'ws'
import {
  byHeader,
  byIp,
  byTemplate,
  limitConn,
  Limiter,
  limitServer,
  limitUpgrade,
  Zone,
  type ByTemplate,
  type ByTemplateOptions,
  type Decision,
  type LimitConn,
  type LimitServer,
  type LimitUpgrade,
} from '../lib/index.ts'
import { statusRouter, type StatusRouter } from '../lib/status.ts'

// The compiler is the test here (`npm run types`): each statement must be accepted, or refused where it says so.
// None of it is run but for the last line.
function accepted(socket: net.Socket): void {
  const policy: LimitConn = limitConn({ limit: 10 })
  express().use(policy).use('/api', policy).get('/', policy)
  connect().use(policy)
  http.createServer((req, res) => policy(req, res, (error) => error))
  http2.createServer((req, res) => policy(req, res, () => res.end(String(req.limitConn?.status))))

  limitConn({ limit: (req: express.Request) => (req.get('x-plan') === 'pro' ? 50 : 5) })
  limitConn({
    limit: async (req) => req.rawHeaders.length,
    key: (req) => req.headers['x-api-key']?.toString(),
  })
  limitConn({ limit: 1, key: (req: express.Request, res: express.Response) => res.get('x') ?? req.ip })
  limitConn({ limits: [{ limit: 1, key: byHeader('x'), zone: new Zone({ name: 'z' }), dryRun: true }] })
  limitConn({
    limit: 1,
    key: (req) => byIp({ ipv6Subnet: [64, 48], trustProxy: ['loopback', '10.0.0.0/8'] })(req),
  })
  limitConn({
    limit: 1,
    reject: (req, res, next, decision) => next(new Error(`${req.url} ${decision.status}`)),
  })
  limitConn({
    limit: 1,
    skip: ['/healthz'],
    message: { error: 'busy' },
    retryAfter: 1,
    sweep: { everyMs: 1 },
  })
  limitConn({
    limit: 1,
    message: (_req: express.Request, _res: express.Response, decision: Decision) => decision,
  })
  const options: ByTemplateOptions = { ipv6Subnet: 64, trustProxy: 'loopback' }
  const template: ByTemplate = byTemplate('$remote_addr$server_port', options)
  limitConn({
    limits: [
      { limit: 1, key: template },
      { limit: (req) => req.rawHeaders.length, key: '$host' },
    ],
  })
  limitConn({ limit: 1, key: (req: express.Request) => template(req) })
  limitConn({
    limit: (req: http2.Http2ServerRequest) => (req.authority === 'a.test' ? 1 : 2),
    key: (req: http2.Http2ServerRequest) => req.stream.session?.socket.remoteAddress,
    skip: (req: http2.Http2ServerRequest) => req.scheme === 'https',
    reject: (req, res) => void res.writeHead(429).end(res.write(`${req.method}`) && 'x'),
    message: (req, _res, decision) => `${req.url} ${decision.status}`,
  })
  const servers = [http.createServer(), https.createServer(), http2.createServer(), tls.createServer()]
  for (const server of servers) limitServer(server, { limit: 100 }).stop()
  const guard: LimitServer = limitServer(http2.createSecureServer(), {
    limits: [
      { limit: (from: net.Socket) => from.localPort ?? 1, key: (from) => from.remoteFamily },
      { limit: 1, key: byIp(), dryRun: true },
    ],
    reject: (from, decision) => from.end(`busy, ${decision.zone}`),
    skip: (from) => from.localPort === 1,
    keepAliveMs: false,
  })
  guard.extend(net.createServer(), { reject: 'reset' }).setConfig({ skip: ['10.0.0.0/8'] })

  const sockets = new WebSocketServer({ noServer: true })
  const upgrade: LimitUpgrade = limitUpgrade(
    { limit: 5, key: byHeader('x-api-key'), message: (req, on) => `${req.url} ${on.writable}` },
    (req, on, head) => sockets.handleUpgrade(req, on, head, (ws) => sockets.emit('connection', ws, req)),
  )
  http
    .createServer()
    .on('upgrade', upgrade)
    .on('connect', upgrade.extend({ limit: 1 }))
  limitUpgrade({ limits: [{ limit: 1 }], reject: (_req, on) => on.end('HTTP/1.1 429 x\r\n\r\n') }, () => 0)

  policy.setConfig({ statusCode: 429 })
  policy.extend({ logLevel: 'info' }).zones[0]?.count({ text: 'x' })

  const status: StatusRouter = statusRouter({
    zones: () => policy.zones,
    authorize: async (req: express.Request) => req.ip === '::1',
  })
  express().use('/status', status)
  connect().use(
    '/status',
    statusRouter({ zones: policy.zones, authorize: (req) => req.headers.host === 'a' }),
  )
  http.createServer(status)
  // @ts-expect-error no answer
  statusRouter({ zones: policy.zones, authorize: () => 'yes' })

  const sync: Decision = new Limiter({ limit: 1 }).accept(socket)
  const byText: Decision = new Limiter({ limit: 1, key: '$remote_addr' }).accept(socket)
  const byMade: Decision = new Limiter({ limit: 1, key: byTemplate('$remote_addr') }).accept(socket)
  const later: Promise<Decision> = new Limiter({ limit: 1, key: async () => 'k' }).accept(socket)
  const listed: Promise<Decision> = new Limiter({ limits: [{ limit: async () => 1 }] }).accept(socket)
  new Limiter({ limit: 1, key: (source: net.Socket) => source.localPort ?? '' }).accept(socket)
  sync.lease?.release()
  using lease = sync.lease

  // @ts-expect-error a number, not text
  limitConn({ limit: 'ten' })
  // @ts-expect-error no limit
  limitConn({})
  // @ts-expect-error no limit
  const unlimited = new Limiter({ dryRun: true })
  // @ts-expect-error no handler
  const deaf = limitUpgrade({ limit: 1 })
  // @ts-expect-error no limit
  limitServer(http.createServer(), { reject: 'destroy' })
  // @ts-expect-error an application is no server
  limitServer(express(), { limit: 1 })
  // @ts-expect-error one subnet, not several: a template is one text
  const mistyped = byTemplate('$remote_addr', { ipv6Subnet: [56, 48] })
  // @ts-expect-error no such option
  limitConn({ limt: 3 })
  // @ts-expect-error no such option of a Limiter
  const strange = new Limiter({ limit: 1, statusCode: 429 })
  // @ts-expect-error no text, JSON value or function
  limitConn({ limit: 1, message: 5n })
  // @ts-expect-error the answer of an async key is a Promise
  const early = new Limiter({ limit: 1, key: async () => 'k' }).accept(socket).passed
  // @ts-expect-error a zone has a name
  const nameless = new Zone({})
  http.createServer((req) => req.limitConn?.status === 'PASSED')
  void [deaf, strange, unlimited, byText, byMade, mistyped, later, listed, lease, early, nameless]
}

it('has types for Express, Connect and node:http, which the compiler has checked', () => {
  expect(accepted).toBeInstanceOf(Function)
})
