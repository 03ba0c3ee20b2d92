import { describe, expect, it } from '@jest/globals'
import { AggregatorRegistry, Counter, Registry, type OpenMetricsContentType } from 'prom-client'
import { limitConn, Zone, type LimitConn } from '../../lib/index.ts'
import { collect } from '../../lib/prometheus.ts'
import { Child } from '../helpers/child.ts'
import { root } from '../helpers/fences.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { scrape } from '../helpers/metrics.ts'
import { serve, type Served } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const duplicate = expect.objectContaining({ code: 'ERR_LIMIT_CONN_DUPLICATE_NAME', option: 'zones' })
const invalid = expect.objectContaining({ code: 'ERR_LIMIT_CONN_INVALID_OPTION' })

/** A server that lets two connections of a client in, all of which are held, and a registry of its zone. */
async function stand(
  name = 'addr',
  over: object = {},
): Promise<{
  readonly zone: Zone
  readonly policy: LimitConn
  readonly server: Served
  readonly held: Held
  readonly registry: Registry
}> {
  const zone = new Zone({ name, max: 100 })
  const policy = limitConn({ zone, limit: 2, logLevel: false, ...over })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy] })
  return { zone, policy, server, held, registry: new Registry() }
}

describe('collect of limit-conn/prometheus', () => {
  it('has what was decided, and what is open now, as a scrape finds it', async () => {
    const { zone, server, held, registry, policy } = await stand()
    collect(registry, policy.zones)
    await server.get()
    const second = await server.get()
    await held.arrived(2)
    for (let n = 0; n < 3; n++) expect(await (await server.get()).answer()).toBe(503)

    expect((await scrape(registry)).values).toEqual({
      'limit_conn_passed_total{zone="addr"}': 2,
      'limit_conn_rejected_total{zone="addr"}': 3,
      'limit_conn_rejected_dry_run_total{zone="addr"}': 0,
      'limit_conn_skipped_total{zone="addr"}': 0,
      'limit_conn_exhausted_total{zone="addr"}': 0,
      'limit_conn_queued_total{zone="addr"}': 0,
      'limit_conn_evicted_total{zone="addr"}': 0,
      'limit_conn_kicked_total{zone="addr"}': 0,
      'limit_conn_trimmed_total{zone="addr"}': 0,
      'limit_conn_expired_total{zone="addr"}': 0,
      'limit_conn_idled_total{zone="addr"}': 0,
      'limit_conn_drained_total{zone="addr"}': 0,
      'limit_conn_forgotten_total{zone="addr"}': 0,
      'limit_conn_active{zone="addr"}': 2,
      'limit_conn_peak{zone="addr"}': 2,
      'limit_conn_keys{zone="addr"}': 1,
      'limit_conn_keys_max{zone="addr"}': 100,
      'limit_conn_waiting{zone="addr"}': 0,
    })

    second.destroy()
    await until('it has left', () => zone.count('127.0.0.1') === 1)
    expect((await scrape(registry)).values['limit_conn_active{zone="addr"}']).toBe(1)
    expect(zone.kick('127.0.0.1')).toBe(1)
    expect((await scrape(registry)).values['limit_conn_kicked_total{zone="addr"}']).toBe(1)
  })

  it('tells a dry run and a skipped request apart', async () => {
    const { server, held, registry, policy } = await stand('dry', {
      dryRun: true,
      limit: 1,
      skip: ['/health'],
    })
    collect(registry, policy.zones)
    for (const path of ['/', '/', '/health']) await server.get(path)
    await held.arrived(3)
    expect((await scrape(registry)).values).toMatchObject({
      'limit_conn_passed_total{zone="dry"}': 1,
      'limit_conn_rejected_dry_run_total{zone="dry"}': 1,
      'limit_conn_skipped_total{zone="dry"}': 1,
      'limit_conn_rejected_total{zone="dry"}': 0,
      'limit_conn_active{zone="dry"}': 2,
    })
  })

  it('has counters that end in _total, gauges, and a help for each', async () => {
    const registry = new Registry()
    collect(registry, [new Zone({ name: 'a' })])
    const { types } = await scrape(registry)
    for (const [name, type] of Object.entries(types))
      expect([name, type]).toEqual([name, name.endsWith('_total') ? 'counter' : 'gauge'])
    expect(Object.keys(types)).toHaveLength(18)
    expect((await registry.metrics()).match(/^# HELP limit_conn_\w+ [A-Z].{5,}$/gm)).toHaveLength(18)
  })

  it('does not fall when the zone is reset, at a scrape or between two, and goes on from there', async () => {
    const { zone, server, held, registry, policy } = await stand()
    collect(registry, [zone])
    const rejected = async (): Promise<number> =>
      (await scrape(registry)).values['limit_conn_rejected_total{zone="addr"}']!
    await server.get()
    await server.get()
    await held.arrived(2)
    const refuse = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n++) await (await server.get()).answer()
    }
    await refuse(2)
    expect(await rejected()).toBe(2)
    zone.reset()
    expect(await rejected()).toBe(2)
    await refuse(1)
    expect(await rejected()).toBe(3)

    // More than there were before, but who had passed is forgotten: it was reset.
    policy.setConfig({ limit: 3 })
    await server.get()
    await held.arrived(3)
    expect((await scrape(registry)).values['limit_conn_passed_total{zone="addr"}']).toBe(3)
    zone.reset()
    await refuse(4)
    expect(await rejected()).toBe(7)
    expect((await scrape(registry)).values['limit_conn_passed_total{zone="addr"}']).toBe(3)
    expect(zone.stats()).toMatchObject({ rejected: 4, passed: 0 })
  })

  it('has one series for each zone of a list, and those that a function returns now', async () => {
    const [a, b] = [new Zone({ name: 'a' }), new Zone({ name: 'b' })]
    const [registry, changing] = [new Registry(), new Registry()]
    const zones = [a]
    collect(registry, [a, b])
    collect(changing, () => zones)
    const active = async (of: Registry): Promise<string[]> =>
      Object.keys((await scrape(of)).values).filter((name) => name.startsWith('limit_conn_active'))
    expect(await active(registry)).toEqual(['limit_conn_active{zone="a"}', 'limit_conn_active{zone="b"}'])
    expect(await active(changing)).toEqual(['limit_conn_active{zone="a"}'])
    zones.push(b)
    expect(await active(changing)).toEqual(['limit_conn_active{zone="a"}', 'limit_conn_active{zone="b"}'])
  })

  it('refuses two zones of one name: a list at once, a function at that scrape', async () => {
    const twins = [new Zone({ name: 'a' }), new Zone({ name: 'a' })]
    const registry = new Registry()
    expect(() => collect(registry, twins)).toThrow(duplicate)
    expect(registry.getMetricsAsArray()).toEqual([])

    let zones = twins
    collect(registry, () => zones)
    await expect(registry.metrics()).rejects.toThrow(duplicate)
    zones = twins.slice(1)
    expect((await scrape(registry)).values).toHaveProperty(['limit_conn_active{zone="a"}'], 0)
  })

  it('takes its metrics away again, and no other', async () => {
    const registry = new Registry()
    registry.registerMetric(new Counter({ name: 'mine_total', help: 'mine', registers: [] }))
    const collected = collect(registry, [])
    collected.stop()
    expect((await scrape(registry)).types).toEqual({ mine_total: 'counter' })

    const cleared = collect(registry, [])
    registry.clear()
    collect(registry, [new Zone({ name: 'next' })])
    cleared.stop()
    expect((await scrape(registry)).values).toHaveProperty(['limit_conn_active{zone="next"}'], 0)
  })

  it('leaves nothing in a registry where one of its names is taken', async () => {
    const registry = new Registry()
    registry.registerMetric(new Counter({ name: 'limit_conn_keys', help: 'taken', registers: [] }))
    expect(() => collect(registry, [])).toThrow('already been registered')
    expect(Object.keys((await scrape(registry)).types)).toEqual(['limit_conn_keys'])

    collect(registry, [], { prefix: 'other_' })
    expect(() => collect(registry, [], { prefix: 'other_' })).toThrow('already been registered')
    expect(Object.keys((await scrape(registry)).types)).toHaveLength(19)
  })

  it('comes out of merged registries, and of the workers of a cluster as their sum', async () => {
    const { server, held, registry } = await stand('a')
    const zone = new Zone({ name: 'b' })
    collect(registry, [zone])
    await server.get()
    await held.arrived(1)
    const other = new Registry()
    other.setDefaultLabels({ app: 'x' })
    collect(other, [zone], { prefix: 'x_' })
    const merged = await scrape(Registry.merge([registry, other]))
    expect(merged.values).toMatchObject({ 'limit_conn_active{zone="b"}': 0, 'x_active{zone="b"}': 0 })

    zone.tally('passed')
    const workers = await Promise.all([registry, registry, other].map((each) => each.getMetricsAsJSON()))
    const all = await scrape(AggregatorRegistry.aggregate(workers))
    expect(all.values).toMatchObject({
      'limit_conn_passed_total{zone="b"}': 2,
      'x_passed_total{zone="b",app="x"}': 1,
    })
  })

  it('speaks OpenMetrics too, where the counters have their ending from the registry', async () => {
    const registry = new Registry<OpenMetricsContentType>()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    const collected = collect(registry, [new Zone({ name: 'a' })])
    for (const _ of 'ab') {
      const { types, values } = await scrape(registry)
      expect(types).toHaveProperty('limit_conn_passed', 'counter')
      expect(values).toHaveProperty(['limit_conn_passed_total{zone="a"}'], 0)
    }
    collected.stop()
    expect(registry.getMetricsAsArray()).toEqual([])
  })

  it('counts on where the registry resets its metrics', async () => {
    const zone = new Zone({ name: 'a' })
    const registry = new Registry()
    collect(registry, [zone])
    zone.tally('passed')
    registry.resetMetrics()
    expect((await scrape(registry)).values).toHaveProperty(['limit_conn_passed_total{zone="a"}'], 1)
  })

  it.each<[string, () => unknown]>([
    ['no registry', () => collect({} as Registry, [])],
    ['nothing', () => collect(undefined as never, [])],
    ['no zones', () => collect(new Registry(), undefined as never)],
    ['what is no zone', () => collect(new Registry(), [{ name: 'a' }] as never)],
    ['a policy in place of its zones', () => collect(new Registry(), limitConn({ limit: 1 }) as never)],
    ['a text', () => collect(new Registry(), 'ab' as never)],
    ['a prefix that Prometheus does not take', () => collect(new Registry(), [], { prefix: '1-' })],
  ])('refuses %s', (_, call) => {
    expect(call).toThrow(invalid)
  })

  it('shows what options it expects', () => {
    expect(() => collect(new Registry(), [], null as never)).toThrow(
      "collect is null; expected an object, such as { prefix: 'app_' }",
    )
  })

  it('refuses an option that it does not know', () => {
    const call = (): unknown => collect(new Registry(), [], { labels: ['key'] } as never)
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_LIMIT_CONN_UNKNOWN_OPTION' }))
  })
})

it.each(['limit-conn/prometheus', 'limit-conn/opentelemetry'])('%s loads without its peer', async (entry) => {
  const program = `const Module = require('node:module')
    const load = Module._load
    Module._load = (name, ...rest) => {
      if (/^(prom-client|@opentelemetry)/.test(name)) throw new Error('not installed: ' + name)
      return load(name, ...rest)
    }
    console.log(typeof require('${entry}').collect)`
  const child = new Child(['--eval', program], { cwd: root })
  expect([await child.exit(), child.stdout, child.stderr]).toEqual([0, 'function\n', ''])
})
