import type { Attributes, BatchObservableResult, Meter } from '@opentelemetry/api'
import type { Cause } from '../core/stats.ts'
import { invalid } from '../options/check.ts'
import { makeReader, type Reading } from './rising.ts'
import { zoneLister, type ZoneList } from './zone-list.ts'

/** Metrics of a meter. */
export interface Collected {
  /** Observes no more. */
  stop(): void
}

/** What became of those who came: the counter of a zone, and nginx's word. */
const decisions = {
  passed: 'passed',
  rejected: 'rejected',
  rejectedDryRun: 'rejected_dry_run',
  skipped: 'skipped',
  exhausted: 'exhausted',
} as const

const causes: readonly Cause[] = ['evicted', 'kicked', 'trimmed', 'expired', 'idled', 'drained']

/** An instrument, and what of a zone it shows. */
interface Kind {
  readonly type: 'Counter' | 'UpDownCounter' | 'Gauge'
  readonly unit: string
  readonly description: string
  readonly observe: (reading: Reading) => readonly (readonly [value: number, attributes?: Attributes])[]
}

/** Names and units as in the semantic conventions: no unit and no `_total` in a name; what is counted stands in braces. */
const kinds: Readonly<Record<string, Kind>> = {
  'limit_conn.decisions': {
    type: 'Counter',
    unit: '{decision}',
    description: 'What became of those who came',
    observe: (reading) =>
      Object.entries(decisions).map(([of, word]) => [
        reading[of as keyof typeof decisions],
        { 'limit_conn.decision': word },
      ]),
  },
  'limit_conn.closed_connections': {
    type: 'Counter',
    unit: '{connection}',
    description: 'Connections that had been let in and were closed',
    observe: (reading) => causes.map((cause) => [reading[cause], { 'limit_conn.cause': cause }]),
  },
  'limit_conn.queued_requests': {
    type: 'Counter',
    unit: '{request}',
    description: 'Requests that had to wait in a queue',
    observe: ({ queued }) => [[queued]],
  },
  'limit_conn.forgotten_keys': {
    type: 'Counter',
    unit: '{key}',
    description: 'Idle keys whose statistics made room for others',
    observe: ({ forgotten }) => [[forgotten]],
  },
  'limit_conn.active_slots': {
    type: 'UpDownCounter',
    unit: '{slot}',
    description: 'Slots taken now, over all keys',
    observe: ({ active }) => [[active]],
  },
  'limit_conn.peak_slots': {
    type: 'Gauge',
    unit: '{slot}',
    description: 'Most slots taken at one time',
    observe: ({ peak }) => [[peak]],
  },
  'limit_conn.live_keys': {
    type: 'UpDownCounter',
    unit: '{key}',
    description: 'Live keys',
    observe: ({ keys }) => [[keys]],
  },
  'limit_conn.max_keys': {
    type: 'UpDownCounter',
    unit: '{key}',
    description: 'Most live keys that the zone has room for',
    observe: ({ max }) => [[max]],
  },
  'limit_conn.waiting_requests': {
    type: 'UpDownCounter',
    unit: '{request}',
    description: 'Requests that wait in a queue now',
    observe: ({ waiting }) => [[waiting]],
  },
}

/**
 * Observes zones by a meter of OpenTelemetry. They are read when it collects; until then nothing is done.
 *
 * Attributes are the name of the zone, the decision and the cause, never a key. A counter does not fall when its zone is reset.
 *
 * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION; ERR_LIMIT_CONN_DUPLICATE_NAME for two zones of one name; where `zones` is
 * a function, that collection has it among its errors
 * @see https://opentelemetry.io/docs/specs/semconv/general/metrics/
 */
export function collect(meter: Meter, zones: ZoneList): Collected {
  checkMeter(meter)
  const list = zoneLister(zones)
  const read = makeReader()
  const instruments = Object.entries(kinds).map(([name, { type, unit, description, observe }]) => ({
    instrument: meter[`createObservable${type}`](name, { unit, description }),
    observe,
  }))

  function observeAll(result: BatchObservableResult): void {
    for (const zone of list()) {
      const reading = read(zone)
      const ofZone = { 'limit_conn.zone': zone.name }
      for (const { instrument, observe } of instruments)
        for (const [value, attributes] of observe(reading))
          result.observe(instrument, value, { ...ofZone, ...attributes })
    }
  }

  const observables = instruments.map(({ instrument }) => instrument)
  meter.addBatchObservableCallback(observeAll, observables)
  return { stop: () => meter.removeBatchObservableCallback(observeAll, observables) }
}

function checkMeter(meter: unknown): void {
  const { addBatchObservableCallback } = (meter ?? {}) as Partial<Meter>
  if (typeof addBatchObservableCallback !== 'function')
    throw invalid('meter', meter, 'a Meter of OpenTelemetry')
}
