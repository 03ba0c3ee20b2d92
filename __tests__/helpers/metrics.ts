import type { Registry } from 'prom-client'

/** What a registry answers when it is scraped: the value of each series, and the type of each metric. */
export interface Scraped {
  readonly values: Readonly<Record<string, number>>
  readonly types: Readonly<Record<string, string>>
}

/** Reads the text format of Prometheus, as far as it has no escapes. */
export async function scrape(registry: Pick<Registry, 'metrics'>): Promise<Scraped> {
  const text = await registry.metrics()
  const values = [...text.matchAll(/^([^#\s]\S*) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)])
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type])
  return {
    values: Object.fromEntries(values) as Scraped['values'],
    types: Object.fromEntries(types) as Scraped['types'],
  }
}
