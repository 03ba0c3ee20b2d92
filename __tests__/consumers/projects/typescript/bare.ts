import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import {
  byHeader,
  byIp,
  byTemplate,
  isLimitConnError,
  limitConn,
  Limiter,
  limitServer,
  limitUpgrade,
  Zone,
  type Decision,
  type DrainReport,
  type KeyValue,
  type LimitConn,
  type LimitConnOptions,
  type LimitServer,
  type ZoneStats,
} from 'limit-conn'

/** Takes any value but one whose type became `any` on its way here. */
const known = <T>(value: 0 extends 1 & T ? never : T): void => void value

// What a user exports from a library of their own must have a name that their declarations can say.
export const zone = new Zone({ name: 'per-ip', max: 1_000, maxIdle: 10, onFull: 'pass' })
export const key = byIp({ ipv6Subnet: [64, 48], trustProxy: ['loopback', '10.0.0.0/8'] })
export const header = byHeader('x-api-key', { missing: 'address' })
export const template = byTemplate('$binary_remote_addr$server_port')
export const policy = limitConn({ limit: 2, key, zone, logLevel: false })
export const limiter = new Limiter({ limit: 1 })
export const guard = limitServer(net.createServer(), { limit: 100, keepAliveMs: 1_000, reject: 'reset' })

export const options: LimitConnOptions = {
  limits: [
    { limit: 5, key: header, dryRun: true },
    { limit: (req) => req.headers.host?.length ?? 1, key: '$host' },
    { limit: async () => 7, key: async (req): Promise<string | undefined> => req.method },
  ],
  count: 'requests',
  queue: { max: 10, timeoutMs: 1_000 },
  skip: ['/healthz', '10.0.0.0/8'],
  retryAfter: 5,
  headers: 'draft-8',
  sweep: { everyMs: 1_000, graceMs: 2_000 },
  maxIdleMs: 1_000,
  logger: console,
}

export const strict: LimitConn = policy.extend({ logLevel: 'info', maxLifetimeMs: 60_000 })
strict.setConfig({ limit: 3 }, { closeExcess: true })
const stats: ZoneStats = zone.stats()
known(stats.active)
known(policy.config.limit)
export const shutDown = (): Promise<DrainReport> => policy.drain(1_000)
export const top: readonly string[] = zone.top(3).map(({ key: text, active }) => `${text} ${active}`)

limitConn({
  limit: (req) => {
    known(req.headers)
    return 1
  },
  key: (req, res): KeyValue => {
    known(req.socket)
    known(res.statusCode)
    return key(req)
  },
})

/** A lease ends with the block. */
export function within(socket: net.Socket): boolean {
  const decision: Decision = new Limiter({ limit: 1 }).accept(socket)
  using lease = decision.lease
  return decision.passed && lease?.isReleased === false
}

export const later: Promise<Decision> = new Limiter({ limit: 1, key: async () => 'k' }).accept(
  new net.Socket(),
)
export const onHttp2: LimitServer = limitServer(http2.createServer(), {
  limit: (socket: net.Socket) => socket.localPort ?? 1,
  onLimit: 'evict-idle',
  proxyProtocol: { trust: ['10.0.0.0/8'] },
})

const server = http.createServer((req, res) => {
  policy(req, res, (error?: unknown) => {
    if (isLimitConnError(error)) return res.writeHead(500).end(error.code)
    known(req.limitConn)
    return res.write(`${req.limitConn?.status} ${req.limitConn?.active}`)
  })
})
server.on(
  'upgrade',
  limitUpgrade({ limit: 1 }, (req, socket, head) => {
    known(req.socket)
    known(socket.writable)
    socket.end(head)
  }),
)
server.listen(0, '127.0.0.1', () => console.log(`listening on ${(server.address() as net.AddressInfo).port}`))
