import { describe, expect, it } from '@jest/globals'
import { Registry } from 'prom-client'
import { Zone } from '../lib/index.ts'
import { collect } from '../lib/prometheus.ts'
import { read } from './helpers/fences.ts'
import { scrape } from './helpers/metrics.ts'

interface Panel {
  readonly id: number
  readonly title: string
  readonly description: string
  readonly datasource: { readonly type: string; readonly uid: string }
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets: readonly { readonly refId: string; readonly expr: string; readonly datasource: object }[]
}

interface Variable {
  readonly name: string
  readonly type: string
  readonly definition?: string
}

const dashboard = JSON.parse(read('examples/grafana/dashboard.json')) as {
  readonly id: null
  readonly uid: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly Variable[] }
}
const { panels, templating } = dashboard
const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
const prometheus = { type: 'prometheus', uid: '${datasource}' }

/** Names of series in expressions, as Prometheus would look for them. */
const namesIn = (texts: readonly string[]): Set<string> =>
  new Set(texts.flatMap((text) => text.match(/\blimit_conn_\w+/g) ?? []))

describe('examples/grafana/dashboard.json', () => {
  it('asks for metrics that there are, and for all of them', async () => {
    const registry = new Registry()
    collect(registry, [new Zone({ name: 'a' })])
    const there = Object.keys((await scrape(registry)).types)
    const definitions = templating.list.map(({ definition = '' }) => definition)
    expect([...namesIn([...expressions, ...definitions])].toSorted()).toEqual(there.toSorted())
  })

  it('takes the rate of counters, and the value of gauges', () => {
    for (const expr of expressions)
      for (const [all] of expr.matchAll(/(?:(?:rate|increase)\()?limit_conn_\w+\{[^}]*\}(?:\[\$\w+\])?/g))
        expect(all).toMatch(
          /_total\{/.test(all)
            ? /^(rate|increase)\(.*\]$/
            : /^limit_conn_\w+\{zone=~"\$zone", job=~"\$job"\}$/,
        )
  })

  it('has the variables that it uses, and the data source of whoever imports it', () => {
    const used = new Set(
      JSON.stringify(panels)
        .match(/\$\{?(?!__)\w+/g)!
        .map((name) => name.replace(/\W+/, '')),
    )
    expect([...used].toSorted()).toEqual(templating.list.map(({ name }) => name).toSorted())
    expect(templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' })
    for (const { datasource, targets } of panels)
      expect([datasource, ...targets.map((target) => target.datasource)]).toEqual(
        Array.from({ length: targets.length + 1 }, () => prometheus),
      )
    expect(dashboard.id).toBeNull()
  })

  it('has panels with a number, a title and a description of their own, none above another', () => {
    for (const what of ['id', 'title', 'description'] as const)
      expect(new Set(panels.map((panel) => panel[what])).size).toBe(panels.length)
    for (const { targets } of panels)
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length)

    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24)
  })
})
