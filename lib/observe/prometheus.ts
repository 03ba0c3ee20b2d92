import type { Tally } from '../core/stats.ts'
import { checkObject, invalid } from '../options/check.ts'
import { makeReader, type Reading } from './rising.ts'
import { snake } from './status-json.ts'
import { zoneLister, type ZoneList } from './zone-list.ts'

/** What is needed of a `Registry` of prom-client. */
export interface MetricRegistry {
  registerMetric(metric: never): void
  getSingleMetric(name: string): unknown
  removeSingleMetric(name: string): void
}

export interface CollectOptions {
  /** What each name begins with. @default 'limit_conn_' */
  readonly prefix?: string
}

/** Metrics in a registry. */
export interface Collected {
  /** Takes them away again. */
  stop(): void
}

const counters: Readonly<Record<Tally, string>> = {
  passed: 'Holders admitted within the limit',
  rejected: 'Holders refused because a limit was exceeded',
  rejectedDryRun: 'Holders that only a dry run admitted',
  skipped: 'Requests that were not accounted',
  exhausted: 'Holders with a new key that found the zone full',
  queued: 'Requests that had to wait in a queue',
  evicted: 'Connections closed to make room for a newer one of the same key',
  kicked: 'Connections closed by kick',
  trimmed: 'Connections closed because a limit was lowered below them',
  expired: 'Connections closed because they were open for longer than maxLifetimeMs',
  idled: 'Connections closed because they were silent for longer than maxIdleMs',
  drained: 'Connections closed by drain',
  forgotten: 'Idle keys whose statistics made room for others',
}

const gauges = {
  active: { of: 'active', help: 'Slots taken now, over all keys' },
  peak: { of: 'peak', help: 'Most slots taken at one time' },
  keys: { of: 'keys', help: 'Live keys' },
  keys_max: { of: 'max', help: 'Most live keys that the zone has room for' },
  waiting: { of: 'waiting', help: 'Requests that wait in a queue now' },
} as const satisfies Record<string, { of: Exclude<keyof Reading, 'name'>; help: string }>

/**
 * Puts the statistics of zones into a registry of prom-client, version 15 or later. They are read when it is scraped; until
 * then nothing is done.
 *
 * The only label is `zone`: keys would be secrets, and without end. A counter does not fall when its zone is reset.
 *
 * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION, ERR_LIMIT_CONN_UNKNOWN_OPTION; ERR_LIMIT_CONN_DUPLICATE_NAME for two
 * zones of one name; where `zones` is a function, that scrape is rejected with it
 * @throws Error of prom-client for a name that is taken in the registry: nothing stays there then
 * @see https://prometheus.io/docs/practices/naming/
 */
export function collect(registry: MetricRegistry, zones: ZoneList, options: CollectOptions = {}): Collected {
  checkRegistry(registry)
  const { prefix } = { prefix: 'limit_conn_', ...checkObject(options, 'collect', { prefix: checkPrefix }) }
  const metrics = metricsOf(prefix, readings(zones))
  const registered: (readonly [string, Metric])[] = []

  function stop(): void {
    for (const [name, metric] of registered.splice(0))
      if (registry.getSingleMetric(name) === metric) registry.removeSingleMetric(name)
  }

  try {
    for (const metric of metrics) {
      const { name } = metric
      registry.registerMetric(metric as never)
      registered.push([name, metric])
    }
  } catch (cause) {
    stop()
    throw cause
  }
  return { stop }
}

/** A metric as a registry of prom-client takes it. */
interface Metric {
  /** OpenMetrics has counters without `_total`: the registry takes it away. */
  name: string
  readonly type: 'counter' | 'gauge'
  get(): Promise<object>
  reset(): void
}

interface Kind {
  readonly name: string
  readonly type: Metric['type']
  readonly help: string
  readonly of: Exclude<keyof Reading, 'name'>
}

type Read = () => readonly Reading[]

function metricsOf(prefix: string, read: Read): Metric[] {
  const rising = Object.entries(counters).map(([of, help]) => ({
    name: `${prefix}${snake(of)}_total`,
    type: 'counter' as const,
    help,
    of: of as Tally,
  }))
  const risingAndFalling = Object.entries(gauges).map(([name, { of, help }]) => ({
    name: prefix + name,
    type: 'gauge' as const,
    help,
    of,
  }))
  return [...rising, ...risingAndFalling].map((kind) => makeMetric(kind, read))
}

function makeMetric({ of, ...kind }: Kind, read: Read): Metric {
  return {
    ...kind,
    // Is called at each scrape. The workers of a cluster are summed up.
    async get() {
      const values = read().map((reading) => ({ value: reading[of], labels: { zone: reading.name } }))
      return await Promise.resolve({ ...kind, name: this.name, aggregator: 'sum', values })
    },
    // Of `registry.resetMetrics()`: what is counted is the zone's to say.
    reset: () => undefined,
  }
}

/** Makes a function that reads all zones, once for all metrics of a scrape: they are asked in one tick. */
function readings(zones: ZoneList): Read {
  const list = zoneLister(zones)
  const read = makeReader()
  let known: readonly Reading[] | undefined

  return function readAll() {
    if (known) return known
    queueMicrotask(() => (known = undefined))
    known = list().map(read)
    return known
  }
}

function checkRegistry(registry: unknown): void {
  const { registerMetric } = (registry ?? {}) as Partial<MetricRegistry>
  if (typeof registerMetric !== 'function') throw invalid('registry', registry, 'a Registry of prom-client')
}

function checkPrefix(value: unknown, path: string): string {
  if (typeof value === 'string' && /^[a-z_:][\w:]*$/i.test(value)) return value
  throw invalid(path, value, 'letters, digits, "_" or ":", and no digit first')
}
