import { channel, type Channel } from 'node:diagnostics_channel'
import type { Hit } from './decision.ts'
import { totalUnder } from './share.ts'
import { showKey } from './shown.ts'
import type { Slot } from './slot.ts'
import type { Cause } from './stats.ts'

/** Told on `limit-conn:closed`: a connection that had been let in was closed. */
export interface ClosedEvent {
  /** Name of the zone in which it counts. */
  readonly zone: string
  readonly cause: Cause
}

/** A key, and the limit that was asked for it. */
export interface LimitEvent {
  /** Name of the zone. */
  readonly zone: string
  /** The key as people may see it: an address, or a hash, unless the zone says otherwise. */
  readonly key: string
  readonly limit: number
  /** Slots taken under the key by now. */
  readonly active: number
}

/** Told on `limit-conn:passed`: a holder was let in within a limit, and is counted. */
export type PassedEvent = LimitEvent

/** Told on `limit-conn:rejected`: a holder met a limit that is exceeded. */
export interface RejectedEvent extends LimitEvent {
  /** It was let in all the same: the limit runs dry. */
  readonly dryRun: boolean
}

/** Told on `limit-conn:exhausted`: a holder came under a new key, and the zone is full. */
export interface ExhaustedEvent {
  /** Name of the zone. */
  readonly zone: string
  /** The key as people may see it. */
  readonly key: string
}

/** Why a slot was given back. */
export type ReleaseCause =
  | Cause
  /** The connection, or the request, ended. */
  | 'ended'
  /** The connection has shown another key. */
  | 'moved'
  /** By `lease.release()`. */
  | 'released'

/** Told on `limit-conn:released`: a slot was given back. */
export interface ReleasedEvent {
  /** Name of the zone. */
  readonly zone: string
  /** The key as people may see it. */
  readonly key: string
  /** How long the slot was taken, in milliseconds. */
  readonly ageMs: number
  readonly cause: ReleaseCause
}

/** Told on `limit-conn:warning`: something looks wrong though nothing fails. */
export interface WarningEvent {
  /** A heading of docs/errors.md. */
  readonly code: string
  readonly message: string
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
  /** How many wait under the same key in the queue of the same policy, this one included. */
  readonly waiting: number
}

const passed = channel('limit-conn:passed')
const released = channel('limit-conn:released')
const warning = channel('limit-conn:warning')
const closed = channel('limit-conn:closed')
const queued = channel('limit-conn:queued')
const rejected = channel('limit-conn:rejected')
const exhausted = channel('limit-conn:exhausted')
const degraded = channel('limit-conn:degraded')

export function tellClosed(event: ClosedEvent): void {
  if (closed.hasSubscribers) tellLater(closed, event)
}

export function tellDegraded(event: DegradedEvent): void {
  if (degraded.hasSubscribers) tellLater(degraded, event)
}

export function tellQueued(event: QueuedEvent): void {
  if (queued.hasSubscribers) tellLater(queued, event)
}

export function tellWarning(event: WarningEvent): void {
  if (warning.hasSubscribers) tellLater(warning, event)
}

/** Somebody wants to hear warnings. */
export function isWarningHeard(): boolean {
  return warning.hasSubscribers
}

/** Somebody wants to hear of those who pass. */
export function isPassedHeard(): boolean {
  return passed.hasSubscribers
}

/** Tells what the counters have counted for the first time of a holder. Of evictions `limit-conn:closed` tells. */
export function tellHits(hits: readonly Hit[]): void {
  for (const hit of hits) {
    if (hit.kind === 'passed' && passed.hasSubscribers) tellLater(passed, passedEventOf(hit))
    if (hit.kind === 'exhausted' && exhausted.hasSubscribers)
      tellLater(exhausted, { zone: hit.zone.name, key: shown(hit) } satisfies ExhaustedEvent)
    const isRejected = hit.kind === 'rejected' || hit.kind === 'dry run'
    if (isRejected && rejected.hasSubscribers) tellLater(rejected, rejectedEventOf(hit))
  }
}

export function tellReleased({ zone, record, sinceMs }: Slot, cause: ReleaseCause): void {
  if (!released.hasSubscribers) return
  const ageMs = Math.round(performance.now() - sinceMs)
  const event: ReleasedEvent = { zone: zone.name, key: shown({ zone, key: record.key }), ageMs, cause }
  tellLater(released, event)
}

/** What happened in this turn. Who hears of it may do anything: so not in the middle of a decision. */
let told: (readonly [Channel, object])[] = []
/** Half the time of `queueMicrotask`, which makes an AsyncResource for each. */
const turnIsOver = Promise.resolve()

function tellLater(where: Channel, event: object): void {
  if (told.length === 0) void turnIsOver.then(tellAll)
  told.push([where, event])
}

function tellAll(): void {
  const all = told
  told = []
  for (const [where, event] of all) where.publish(event)
}

function passedEventOf({ zone, key, limit }: Hit): PassedEvent {
  return { zone: zone.name, key: shown({ zone, key }), limit, active: totalUnder(zone, key) }
}

/** Written out: to spread one event into another takes longer than all the rest of it. */
function rejectedEventOf({ zone, key, limit, kind }: Hit): RejectedEvent {
  const [dryRun, active] = [kind === 'dry run', totalUnder(zone, key)]
  return { zone: zone.name, key: shown({ zone, key }), limit, active, dryRun }
}

function shown({ zone, key }: Pick<Hit, 'zone' | 'key'>): string {
  return showKey(key, zone.showing)
}
