import { describe, expect, it } from '@jest/globals'
import {
  MeterProvider,
  MetricReader,
  type CollectionResult,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import { limitConn, Zone } from '../../lib/index.ts'
import { collect } from '../../lib/opentelemetry.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'

/** Collects when it is asked to. */
class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

function stand(): { meter: ReturnType<MeterProvider['getMeter']>; read: () => Promise<CollectionResult> } {
  const reader = new Reader()
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test')
  return { meter, read: async () => await reader.collect() }
}

const metricsIn = ({ resourceMetrics }: CollectionResult): MetricData[] =>
  resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)

/** The value of each series. */
function valuesIn(result: CollectionResult): Record<string, unknown> {
  const series = metricsIn(result).flatMap(({ descriptor, dataPoints }) =>
    dataPoints.map(({ attributes, value }) => {
      const { 'limit_conn.zone': zone, ...others } = attributes
      return [[descriptor.name, zone, ...Object.values(others)].join(' '), value]
    }),
  )
  return Object.fromEntries(series) as Record<string, unknown>
}

describe('collect of limit-conn/opentelemetry', () => {
  it('observes what was decided, and what is open now, when it is collected', async () => {
    const zone = new Zone({ name: 'addr', max: 100 })
    const policy = limitConn({ zone, limit: 2, logLevel: false })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    const { meter, read } = stand()
    collect(meter, policy.zones)
    await server.get()
    await server.get()
    await held.arrived(2)
    for (let n = 0; n < 3; n++) expect(await (await server.get()).answer()).toBe(503)

    const { resourceMetrics, errors } = await read()
    expect(errors).toEqual([])
    expect(valuesIn({ resourceMetrics, errors })).toEqual({
      'limit_conn.decisions addr passed': 2,
      'limit_conn.decisions addr rejected': 3,
      'limit_conn.decisions addr rejected_dry_run': 0,
      'limit_conn.decisions addr skipped': 0,
      'limit_conn.decisions addr exhausted': 0,
      'limit_conn.closed_connections addr evicted': 0,
      'limit_conn.closed_connections addr kicked': 0,
      'limit_conn.closed_connections addr trimmed': 0,
      'limit_conn.closed_connections addr expired': 0,
      'limit_conn.closed_connections addr idled': 0,
      'limit_conn.closed_connections addr drained': 0,
      'limit_conn.queued_requests addr': 0,
      'limit_conn.forgotten_keys addr': 0,
      'limit_conn.active_slots addr': 2,
      'limit_conn.peak_slots addr': 2,
      'limit_conn.live_keys addr': 1,
      'limit_conn.max_keys addr': 100,
      'limit_conn.waiting_requests addr': 0,
    })
    expect(zone.kick('127.0.0.1')).toBe(2)
    expect(valuesIn(await read())).toMatchObject({ 'limit_conn.closed_connections addr kicked': 2 })
  })

  it('has names and units as the semantic conventions have them', async () => {
    const { meter, read } = stand()
    collect(meter, [new Zone({ name: 'a' })])
    const metrics = metricsIn(await read())
    expect(metrics).toHaveLength(9)
    for (const { descriptor, dataPoints } of metrics) {
      expect(descriptor.name).toMatch(/^limit_conn\.[a-z]+(_[a-z]+)*$/)
      expect(descriptor.name).not.toMatch(/_total$/)
      expect(descriptor.unit).toMatch(/^\{[a-z]+\}$/)
      expect(descriptor.description).toMatch(/^[A-Z].{5,}/)
      for (const { attributes } of dataPoints)
        expect(Object.keys(attributes).join()).toMatch(/^limit_conn\.zone(,limit_conn\.(decision|cause))?$/)
    }
  })

  it('has counters that only rise, and others that may fall', async () => {
    const { meter, read } = stand()
    collect(meter, [new Zone({ name: 'a' })])
    const rising = metricsIn(await read()).filter((metric) => 'isMonotonic' in metric && metric.isMonotonic)
    expect(rising.map(({ descriptor }) => descriptor.name)).toEqual([
      'limit_conn.decisions',
      'limit_conn.closed_connections',
      'limit_conn.queued_requests',
      'limit_conn.forgotten_keys',
    ])
  })

  it('does not fall when the zone is reset', async () => {
    const zone = new Zone({ name: 'a' })
    const { meter, read } = stand()
    collect(meter, [zone])
    for (let n = 0; n < 3; n++) zone.tally('rejected')
    expect(valuesIn(await read())).toMatchObject({ 'limit_conn.decisions a rejected': 3 })
    zone.reset()
    zone.tally('rejected')
    expect(valuesIn(await read())).toMatchObject({ 'limit_conn.decisions a rejected': 4 })
  })

  it('observes no more once it is stopped', async () => {
    const { meter, read } = stand()
    const zone = new Zone({ name: 'a' })
    const collected = collect(meter, [zone])
    zone.tally('passed')
    expect(valuesIn(await read())).toMatchObject({ 'limit_conn.decisions a passed': 1 })
    collected.stop()
    collected.stop()
    zone.tally('passed')
    // The SDK tells what it was told last.
    expect(valuesIn(await read())).toMatchObject({ 'limit_conn.decisions a passed': 1 })
  })

  it('refuses two zones of one name: a list at once, a function as an error of that collection', async () => {
    const twins = [new Zone({ name: 'a' }), new Zone({ name: 'a' })]
    const { meter, read } = stand()
    const duplicate = expect.objectContaining({ code: 'ERR_LIMIT_CONN_DUPLICATE_NAME' })
    expect(() => collect(meter, twins)).toThrow(duplicate)

    let zones = twins
    collect(meter, () => zones)
    expect((await read()).errors).toEqual([duplicate])
    zones = twins.slice(1)
    expect((await read()).errors).toEqual([])
  })

  it('refuses what is no meter', () => {
    const call = (): unknown => collect({} as never, [])
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_LIMIT_CONN_INVALID_OPTION' }))
  })
})
