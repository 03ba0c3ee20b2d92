import { channel } from 'node:diagnostics_channel'
import type { Cause } from './stats.ts'

/** Told on `limit-conn:closed`: a connection that had been let in was closed. */
export interface ClosedEvent {
  /** Name of the zone in which it counts. */
  readonly zone: string
  readonly cause: Cause
}

/** Told on `limit-conn:queued`: a request waits for a slot. */
export interface QueuedEvent {
  /** Name of the zone in which it waits. */
  readonly zone: string
  /** How many wait under the same key, this one included. */
  readonly waiting: number
}

const closed = channel('limit-conn:closed')
const queued = channel('limit-conn:queued')

export function tellClosed(event: ClosedEvent): void {
  if (closed.hasSubscribers) closed.publish(event)
}

export function tellQueued(event: QueuedEvent): void {
  if (queued.hasSubscribers) queued.publish(event)
}
