import http, { type IncomingMessage } from 'node:http'
import { byHeader, byIp, limitConn, limitServer, Zone, type LimitConn } from '../../../lib/index.ts'
import { bare } from '../hosts.ts'
import { listen, type Handler, type Served } from '../server.ts'
import { nextTurn } from '../until.ts'

export interface Stage extends Served {
  readonly policy: LimitConn
  /** The keys of the requests, in the order in which they were decided on. */
  readonly keys: string[]
  /** What must not happen. */
  readonly faults: string[]
  /** Requests that reached the middleware. */
  readonly requests: Set<IncomingMessage>
}

export interface Parsing {
  readonly count: 'requests' | 'connections'
  readonly insecureHTTPParser: boolean
}

/** Each way to count, in front of each of the parser's two moods. */
export const parsings: readonly Parsing[] = (['requests', 'connections'] as const).flatMap((count) => [
  { count, insecureHTTPParser: false },
  { count, insecureHTTPParser: true },
])

const limit = 1
const byKey = byHeader('x-key')

/** A real server, with a guard, and with middleware that limits by header and by address. */
export async function staged({ count, insecureHTTPParser }: Parsing): Promise<Stage> {
  const keys: string[] = []
  const faults: string[] = []
  const requests = new Set<IncomingMessage>()
  const zone = new Zone({ name: 'by-key' })

  function keyOnce(req: IncomingMessage): string {
    const value = byKey(req)
    const key = typeof value === 'string' ? value : ''
    if (seen.has(req)) faults.push(`the key of a request was asked for twice: ${key}`)
    seen.add(req)
    keys.push(key)
    return key
  }
  const seen = new WeakSet<IncomingMessage>()
  const limits = [
    { key: keyOnce, limit, zone },
    { key: byIp(), limit: 1_000 },
  ]
  const policy = limitConn({ limits, count, logLevel: false })
  const served = bare([policy], answering(zone, faults))
  const handler: Handler = (req, res) => {
    if (requests.has(req)) faults.push('a request came twice')
    requests.add(req)
    return served(req, res)
  }

  const server = http.createServer(
    { insecureHTTPParser, keepAliveTimeout: 60_000 },
    handler as http.RequestListener,
  )
  const guard = limitServer(server, { limit: 1_000, logLevel: false })
  return { ...(await listen(server, { policies: [guard, policy], guard })), policy, keys, faults, requests }
}

/** Answers a moment later, and looks whether the limit holds meanwhile. */
function answering(zone: Zone, faults: string[]): Handler {
  const running = new Set<IncomingMessage>()

  return async function answer(req, res) {
    if (running.has(req)) faults.push('a request was let in twice')
    running.add(req)
    for (const { key, active } of zone.top(100)) if (active > limit) faults.push(`${active} of ${key}`)
    await nextTurn()
    running.delete(req)
    res.end('ok')
  }
}
