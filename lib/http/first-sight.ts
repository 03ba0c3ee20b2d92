import type { IncomingMessage, Server } from 'node:http'
import { traitsOf } from '../key/traits.ts'
import type { Warner } from '../log/warner.ts'
import { warnOfStores, warnOfTrust } from './start.ts'
import type { Turn } from './turn.ts'

interface Sighted extends IncomingMessage {
  readonly app?: { get?(name: string): unknown }
  /** Set by node:http where a listener of `upgrade` or `connect` has it. */
  readonly upgrade?: boolean | null
  readonly socket: IncomingMessage['socket'] & { readonly server?: Partial<Server> }
}

const timeouts = ['headersTimeout', 'requestTimeout', 'keepAliveTimeout'] as const

/** Says what looks wrong in the first request of a connection. What cannot be read there changes nothing. */
export function warnAtFirstSight(turn: Turn): void {
  try {
    look(turn)
  } catch {
    // A request made by hand, or an application whose settings throw.
  }
}

function look({ req, door: { policy, warner } }: Turn): void {
  const { limits, trusts } = policy.parsed
  const usesAddress = limits.some(({ key }) => traitsOf(key).usesAddress && !traitsOf(key).trust)

  if (usesAddress && trusts.length === 0) warnOfProxies(req, warner)
  warnOfStores(policy.zones, warner)
  // HTTP/2 has none of these timeouts.
  const { httpVersionMajor, socket }: Sighted = req
  if (httpVersionMajor < 2) warnOfTimeouts(socket.server, warner)
}

function warnOfProxies({ app, headers, upgrade }: Sighted, warner: Warner): void {
  const trust = app?.get?.('trust proxy')
  if (trust === true) warnOfTrust(warner, '"trust proxy" true')
  if (trust || headers['x-forwarded-for'] === undefined) return

  const setting = upgrade ? 'byIp({ trustProxy })' : '"trust proxy" in Express or byIp({ trustProxy })'
  const advice = `if a proxy of yours sends it, set ${setting}`
  warner.warn('forwardedFor', `a request has X-Forwarded-For, and no proxy is trusted; ${advice}`)
}

/** Says that a server waits for ever: what node:net or node:http has set as `socket.server`. */
export function warnOfTimeouts(server: Partial<Server> | undefined, warner: Warner): void {
  if (!warner.mayWarn('noTimeout')) return
  const off = timeouts.filter((name) => server?.[name] === 0)
  if (off.length === 0) return

  const text = `${off.join(' and ')} of the server ${off.length > 1 ? 'are' : 'is'} 0`
  warner.warn(
    'noTimeout',
    `${text}: a client may hold its connection for ever without a request; leave the default of Node`,
  )
}
