import { channel } from 'node:diagnostics_channel'
import type { Hit } from './decision.ts'
import type { Cause } from './stats.ts'

/** Told on `limit-conn:closed`: a connection that had been let in was closed. */
export interface ClosedEvent {
  /** Name of the zone in which it counts. */
  readonly zone: string
  readonly cause: Cause
}

/** Told on `limit-conn:rejected`: a holder met a limit that is exceeded. */
export interface RejectedEvent {
  /** Name of the zone whose limit that is. */
  readonly zone: string
  /** It was let in all the same: the limit runs dry. */
  readonly dryRun: boolean
}

/** Told on `limit-conn:exhausted`: a holder came under a new key, and the zone is full. */
export interface ExhaustedEvent {
  /** Name of the zone. */
  readonly zone: string
}

/** Told on `limit-conn:degraded`: the processes that share a zone cannot ask each other; or can again. */
export interface DegradedEvent {
  /** Name of the zone. */
  readonly zone: string
  readonly degraded: boolean
  /** How the store failed. */
  readonly reason?: string
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
const rejected = channel('limit-conn:rejected')
const exhausted = channel('limit-conn:exhausted')
const degraded = channel('limit-conn:degraded')

export function tellClosed(event: ClosedEvent): void {
  if (closed.hasSubscribers) closed.publish(event)
}

export function tellDegraded(event: DegradedEvent): void {
  if (degraded.hasSubscribers) degraded.publish(event)
}

export function tellQueued(event: QueuedEvent): void {
  if (queued.hasSubscribers) queued.publish(event)
}

/** Tells what the counters have counted for the first time of a holder. Of evictions `limit-conn:closed` tells. */
export function tellHits(hits: readonly Hit[]): void {
  for (const { zone, kind } of hits) {
    if (kind === 'exhausted' && exhausted.hasSubscribers)
      exhausted.publish({ zone: zone.name } satisfies ExhaustedEvent)
    if (kind !== 'rejected' && kind !== 'dry run') continue
    if (rejected.hasSubscribers)
      rejected.publish({ zone: zone.name, dryRun: kind === 'dry run' } satisfies RejectedEvent)
  }
}
