import type { Peer } from '../core/peer.ts'
import { compileTrust } from '../key/trust.ts'
import { checkObject, invalid, whole } from './check.ts'

export interface ProxyProtocolOptions {
  /**
   * Your proxies: addresses and CIDRs as a list or a text with commas; `'loopback'`, `'linklocal'` and `'uniquelocal'`
   * too; `'unix:'` is who connects over a Unix socket. Connections of anybody else are closed.
   */
  readonly trust: string | readonly string[]
  /** How long a header may take from accept to its last byte, in milliseconds, 1 to 600,000. @default 5_000 */
  readonly timeoutMs?: number
}

/** The option, compiled. */
export interface CompiledProxyProtocol {
  readonly config: Required<ProxyProtocolOptions>
  readonly timeoutMs: number
  readonly takesUnix: boolean
  /** Whether the peer of a socket is one of the proxies. */
  readonly trusts: (peer: Peer) => boolean
}

/** nginx's word for the peers of Unix sockets. @see nginx src/http/modules/ngx_http_realip_module.c */
const unix = 'unix:'
const accepted =
  'the addresses of your proxies as a list of addresses, CIDRs, "loopback", "linklocal", "uniquelocal" and "unix:"'
const checks = {
  trust: aTrustList,
  timeoutMs: whole(1, 600_000, 'a whole number of milliseconds from 1 to 600000'),
}

/** Checks the option; a list is kept as it was. */
export function aProxyProtocol(value: unknown, path: string): unknown {
  if (value === false) return false
  const checked = checkObject(value, path, checks)
  if (checked['trust'] === undefined) throw invalid(`${path}.trust`, undefined, accepted)
  return checked
}

export function compileProxyProtocol({
  trust,
  timeoutMs = 5_000,
}: ProxyProtocolOptions): CompiledProxyProtocol {
  const list = entriesIn(trust)
  const takesUnix = list.includes(unix)
  const isProxy = compileTrust(
    list.filter((entry) => entry !== unix),
    'options.proxyProtocol.trust',
  )

  function trusts({ remoteAddress, localAddress }: Peer): boolean {
    if (remoteAddress !== undefined) return isProxy(remoteAddress, 0)
    return takesUnix && localAddress === undefined
  }
  return { config: Object.freeze({ trust, timeoutMs }), timeoutMs, takesUnix, trusts }
}

function aTrustList(value: unknown, path: string): string | readonly string[] {
  const list = typeof value === 'string' || Array.isArray(value) ? entriesIn(value) : []
  if (list.length === 0 || !list.every((entry) => typeof entry === 'string' && entry !== ''))
    throw invalid(path, value, accepted)
  try {
    compileTrust(
      list.filter((entry) => entry !== unix),
      path,
    )
  } catch {
    throw invalid(path, value, accepted)
  }
  return typeof value === 'string' ? value : Object.freeze(list)
}

function entriesIn(trust: string | readonly string[]): string[] {
  return typeof trust === 'string' ? trust.split(',').map((part) => part.trim()) : Array.from(trust)
}
