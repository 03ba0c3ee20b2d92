import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { parseAddress } from '../core/address.ts'
import type { Hit } from '../core/decision.ts'
import { addressOf } from '../key/ip.ts'
import type { Trust } from '../key/trust.ts'
import { Flood } from '../log/flood.ts'
import { contextLine } from '../log/line.ts'
import { write } from '../log/logger.ts'
import type { Compiled } from '../options/middleware.ts'

type Addressed = IncomingMessage & { readonly originalUrl?: string }

/** Tells of the limits that a request met. */
export type Journal = (hits: readonly Hit[], req: IncomingMessage) => void

/** Makes the function that tells of limits that were met, at the level and to the logger in force. */
export function makeJournal(options: () => Compiled): Journal {
  const flood = new Flood((line) => {
    const { logger, logLevel } = options()
    if (logLevel !== false) write(logger, logLevel, line)
  })

  return function tell(hits, req) {
    if (hits.length === 0 || options().logLevel === false) return
    const [trust] = options().trusts
    for (const hit of hits) flood.hit(hit, () => tryContextOf(req, trust))
  }
}

/** What is read here belongs to others: the trust function of the application runs, which may throw. */
function tryContextOf(req: Addressed, trust: Trust | undefined): string {
  try {
    return contextOf(req, trust)
  } catch {
    return ''
  }
}

function contextOf(req: Addressed, trust: Trust | undefined): string {
  const { socket, method, httpVersion, headers } = req
  return contextLine({
    client: addressOf(req, trust)?.toString(),
    server: serverOf(socket),
    request: `${method} ${req.originalUrl ?? req.url} HTTP/${httpVersion}`,
    host: headers.host ?? (headers[':authority'] as string | undefined),
  })
}

/** The address that was connected to; IPv6 in brackets. */
function serverOf({ localAddress = '', localPort }: Socket): string | undefined {
  const address = parseAddress(localAddress)
  if (!address) return undefined
  return address.kind() === 'ipv6'
    ? `[${address.toString()}]:${localPort}`
    : `${address.toString()}:${localPort}`
}
