import type { IncomingMessage } from 'node:http'
import type { Decision, Status } from '../core/decision.ts'

/** What became of a request, as nginx's `$limit_conn_status` tells it. */
export interface RequestStatus {
  readonly status: Exclude<Status, 'GONE'>
  /** Name of the zone that decided. */
  readonly zone: string
  readonly limit: number
  /** Slots taken under the key, this request's or connection's included if it has one. */
  readonly active: number
}

declare module 'node:http' {
  interface IncomingMessage {
    /** Set by limitConn; absent where no limit applied. */
    limitConn?: RequestStatus
  }
}

declare module 'node:http2' {
  interface Http2ServerRequest {
    /** Set by limitConn; absent where no limit applied. */
    limitConn?: RequestStatus
  }
}

/** Sets `req.limitConn`. A dry-run hit of one policy is not hidden by another that passed. */
export function note(req: IncomingMessage, { status, zone, limit, active }: Decision): void {
  if (!status || (status === 'PASSED' && req.limitConn)) return
  req.limitConn = { status, zone, limit, active } as RequestStatus
}
