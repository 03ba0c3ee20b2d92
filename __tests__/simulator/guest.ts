import type { ServerResponse } from 'node:http'
import type { Text } from './events.ts'
import type { Wire } from './wire.ts'

/** The sweep comes by so often. */
export const everyMs = 1_000

/** A request, as the application sees it. */
export interface Call {
  readonly guest: Guest
  readonly res: ServerResponse
  readonly text: Text
  /** The policy on requests let it in, too. */
  isCounted: boolean
  /** Somebody has removed what would be told that it closes. */
  isDeaf: boolean
  /** When it was first seen closed. */
  endedMs: number | undefined
}

/** A connection, as the world sees it: what is true of it, whatever the limiter believes. */
export class Guest {
  readonly wire: Wire
  readonly client: number
  /** Requests that the policy on connections let in. */
  readonly calls: Call[] = []
  /** The application was given it. */
  isAccepted = false
  isUpgraded = false
  /** A request of it was refused by the policy on connections: nothing more may run. */
  isRefused = false
  latest: Text = ''
  isDeaf = false
  /** When something of it was let in last: though it had ended without a word, it is counted from then on. */
  letInMs = 0

  constructor(wire: Wire, client: number) {
    this.wire = wire
    this.client = client
  }

  /** Somebody removes the listeners that would be told that it closes. */
  deafen(): void {
    this.isDeaf = true
    this.wire.removeAllListeners('close')
  }

  get isThere(): boolean {
    return this.wire.endedMs === undefined
  }

  /** It is there, or its end is not told before the next tick, or not at all before the sweep. */
  get mayCount(): boolean {
    const { wire } = this
    if (wire.endedMs === undefined) return true
    return isTold(this) ? !wire.hasClosed : performance.now() - Math.max(wire.endedMs, this.letInMs) < everyMs
  }
}

function isTold({ wire, isDeaf }: Guest): boolean {
  return wire.destroyed && !wire.isLost && !wire.pending && !isDeaf
}

/** Whether a request is under way. */
export function isUnderWay({ guest, res }: Call): boolean {
  return guest.isThere && !res.closed
}

/** It is under way, or its end is not told before the sweep. */
export function mayBeUnderWay(call: Call): boolean {
  if (!call.guest.mayCount) return false
  if (!call.res.closed) return true
  call.endedMs ??= performance.now()
  return call.isDeaf && performance.now() - call.endedMs < everyMs
}
