import http from 'node:http'
import { Server } from 'node:net'
import { LimitConnError } from '../errors.ts'
import { traitsOf } from '../key/traits.ts'
import { invalid, isInstance } from '../options/check.ts'
import type { CompiledServer } from '../options/server.ts'

/** Throws for what is no server. */
export function checkServer(server: unknown): void {
  if (isInstance(server, Server)) return
  const accepted =
    'a server of node:net, tls, http, https or http2, as in limitServer(app.listen(3000), { limit: 100 })'
  throw invalid('limitServer server', server, accepted)
}

/** Throws for options that do not fit a server; answers with them. */
export function checkFit(server: Server, parsed: CompiledServer): CompiledServer {
  if (parsed.reject === 'respond' && !(server instanceof http.Server)) {
    const accepted =
      '"destroy", "reset" or a function: this is no plain HTTP server; over TLS and HTTP/2 let limitConn answer'
    throw invalid('options.reject', parsed.reject, accepted)
  }
  const error = withoutAddress(server, parsed)
  if (error) throw error
  return parsed
}

/** The error of a key that needs an address, where the server listens on a Unix socket. */
export function withoutAddress(server: Server, parsed: CompiledServer): LimitConnError | undefined {
  const { limits, proxyProtocol } = parsed
  if (proxyProtocol && proxyProtocol.takesUnix) return undefined
  const limit = limits.find(({ key }) => traitsOf(key).usesAddress)
  if (!limit || typeof server.address() !== 'string') return undefined

  const option = `${limit.path}.key`
  const message = `${option} needs an address, and the server listens on a Unix socket; give another key, such as () => 'all'`
  return new LimitConnError('ERR_LIMIT_CONN_NO_ADDRESS', message, { option })
}
