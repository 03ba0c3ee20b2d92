import type { IncomingMessage } from 'node:http'
import type { Hit } from '../core/decision.ts'
import { Flood } from '../log/flood.ts'
import { contextLine } from '../log/line.ts'
import { write } from '../log/logger.ts'
import type { Compiled } from '../options/middleware.ts'

type Addressed = IncomingMessage & { readonly originalUrl?: string; readonly ip?: string }

/** Makes the function that tells of limits that were met, at the level and to the logger in force. */
export function makeJournal(options: () => Compiled): (hits: readonly Hit[], req: IncomingMessage) => void {
  const flood = new Flood((line) => {
    const { logger, logLevel } = options()
    if (logLevel !== false) write(logger, logLevel, line)
  })

  return function tell(hits, req) {
    if (options().logLevel === false) return
    for (const hit of hits) flood.hit(hit, () => contextOf(req))
  }
}

function contextOf(req: Addressed): string {
  const { socket, method, httpVersion, headers } = req
  return contextLine({
    client: req.ip ?? socket.remoteAddress,
    server: socket.localAddress && `${socket.localAddress}:${socket.localPort}`,
    request: `${method} ${req.originalUrl ?? req.url} HTTP/${httpVersion}`,
    host: headers.host,
  })
}
