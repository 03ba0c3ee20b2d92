import { beforeAll, expect, it } from '@jest/globals'
import { Child } from '../helpers/child.ts'
import { connectTo } from '../helpers/client.ts'
import { Consumer } from '../helpers/consumer.ts'
import { read } from '../helpers/fences.ts'
import { lint, needPrometheus, Prometheus } from '../helpers/observe/prometheus.ts'
import { destroyAfter } from '../helpers/server.ts'

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets: readonly { readonly refId: string; readonly expr: string }[]
  }[]
  readonly templating: { readonly list: readonly Variable[] }
}

interface Variable {
  readonly name: string
  readonly definition?: string
  readonly allValue?: string
}

const { panels, templating } = JSON.parse(read('examples/grafana/dashboard.json')) as Dashboard
const zones = ['dry', 'enforced']
const jobs = ['openmetrics', 'text']

let user: Consumer

beforeAll(async () => {
  needPrometheus()
  user = (await Consumer.install('express@5', 'prom-client')).copy('prometheus')
}, 300_000)

it('promtool finds nothing wrong with the metrics of the example', async () => {
  const env = { PORT: '0', ADMIN_PORT: '0' }
  const child = new Child(['node_modules/limit-conn/examples/prometheus.js'], { cwd: user.folder, env })
  const text = await fetch(`http://127.0.0.1:${await child.says(/^metrics on (\d+)$/m)}/metrics`)
  expect(lint(await text.text())).toBe('')
})

it('Prometheus scrapes them in both formats, and answers all that the dashboard asks', async () => {
  const child = user.start('app.cjs')
  const port = Number(await child.says(/^listening on (\d+)$/m))
  const metrics = await child.says(/^metrics on (\d+)$/m)
  const urls = jobs.map((job) => [job, `http://127.0.0.1:${metrics}/${job}`])
  const prometheus = await Prometheus.start(Object.fromEntries(urls))
  // A rate is known of what has risen since it was scraped first.
  await prometheus.has(4, 'limit_conn_rejected_total == 0')

  // The first passes, the second is beyond the dry limit, the third beyond both.
  const statuses: number[] = []
  while (statuses.length < 3) {
    const client = await connectTo({ port, isTls: false })
    destroyAfter(client)
    statuses.push(await client.get('/hold').answer())
  }
  expect(statuses).toEqual([200, 200, 503])
  await prometheus.has(2, 'limit_conn_rejected_total{zone="enforced"} == 1')

  const counted = await prometheus.query('{__name__=~"limit_conn_.*", __name__!~".*_max", job="text"} > 0')
  const values = counted.map(({ metric, value }) => [`${metric['__name__']} ${metric['zone']}`, value[1]])
  expect(Object.fromEntries(values)).toEqual(counts)

  const choices = await choicesOf(prometheus)
  expect(choices).toEqual({ job: jobs, zone: zones })
  for (const chosen of [all, choices]) expect(await askAll(prometheus, chosen)).toEqual(above0)
})

/** What is not 0 then. */
const counts = {
  'limit_conn_active dry': '2',
  'limit_conn_active enforced': '2',
  'limit_conn_keys dry': '1',
  'limit_conn_keys enforced': '1',
  'limit_conn_passed_total dry': '1',
  'limit_conn_passed_total enforced': '2',
  'limit_conn_peak dry': '2',
  'limit_conn_peak enforced': '2',
  'limit_conn_rejected_dry_run_total dry': '1',
  'limit_conn_rejected_total enforced': '1',
}

type Choices = Readonly<Record<string, readonly string[]>>

/** What Grafana takes where nobody has chosen. */
const all: Choices = Object.fromEntries(
  templating.list.flatMap(({ name, allValue }) => (allValue === undefined ? [] : [[name, [allValue]]])),
)

/** Those whose value is above 0 then, by panel; all others have 0. */
const above0 = {
  'Active A': zones,
  'Rejected per second A': ['enforced'],
  'Room for keys A': zones,
  'Decisions per second A': zones,
  'Decisions per second B': ['enforced'],
  'Decisions per second C': ['dry'],
  'Dry run: share that would be refused A': ['dry'],
  'Active and peak A': zones,
  'Active and peak B': zones,
  'Keys A': zones,
  'Keys B': zones,
}

/** What there is to choose from, as Grafana finds it out. */
async function choicesOf(prometheus: Prometheus): Promise<Choices> {
  const choices: Record<string, readonly string[]> = {}
  for (const { name, definition } of templating.list) {
    const found = /^label_values\((.*), (\w+)\)$/.exec(definition ?? '')
    if (!found) continue
    const series = { 'match[]': fill(found[1]!, choices) }
    choices[name] = await prometheus.ask(`label/${found[2]}/values`, series)
  }
  return choices
}

/** An expression as Grafana sends it: several values are one regular expression. */
function fill(expression: string, choices: Choices): string {
  return expression.replaceAll(/\$(\w+)/g, (_, name: string) => {
    if (name === '__rate_interval') return '30s'
    if (name === '__range') return '60s'
    const values = choices[name]!
    return values.length > 1 ? `(${values.join('|')})` : values[0]!
  })
}

/** Asks what each panel asks. Each zone has to have a value; answers where it is above 0. */
async function askAll(prometheus: Prometheus, choices: Choices): Promise<Record<string, readonly string[]>> {
  const found: Record<string, readonly string[]> = {}
  for (const { title, targets } of panels) {
    for (const { refId, expr } of targets) {
      const samples = await prometheus.query(fill(expr, choices))
      const values = new Map(samples.map(({ metric, value }) => [metric['zone'], Number(value[1])]))
      const valid = zones.filter((zone) => values.get(zone)! >= 0)
      expect([expr, values.size, valid]).toEqual([expr, zones.length, zones])
      const those = zones.filter((zone) => values.get(zone)! > 0)
      if (those.length > 0) found[`${title} ${refId}`] = those
    }
  }
  return found
}
