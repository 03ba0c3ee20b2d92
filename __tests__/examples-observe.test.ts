import { expect, it } from '@jest/globals'
import { ok, start, statuses } from './helpers/examples.ts'

it('prometheus.js: a scrape tells who passed, who was refused and what is open', async () => {
  const { port, child } = await start('prometheus.js')
  const metricsPort = await child.says(/^metrics on (\d+)$/m)
  expect(await statuses(port, 5)).toEqual([...ok(3), 503, 503])

  const scraped = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
  expect(scraped.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const text = await scraped.text()
  expect(text).toMatch(/^limit_conn_passed_total\{zone="limit-conn"\} 3$/m)
  expect(text).toMatch(/^limit_conn_rejected_total\{zone="limit-conn"\} 2$/m)
  expect(text).toMatch(/^limit_conn_active\{zone="limit-conn"\} 3$/m)
})

it('morgan.js: each line of the access log has what became of the request', async () => {
  const { port, child } = await start('morgan.js')
  expect(await statuses(port, 1, { path: '/health' })).toEqual(ok(1))
  expect(await statuses(port, 4)).toEqual([...ok(3), 503])

  const lines = (): string[] => child.stdout.match(/^127\.0\.0\.1 .*$/gm) ?? []
  await child.until('all are answered', () => lines().length === 5)
  expect(lines()).toEqual([
    '127.0.0.1 "GET /health" 200 -',
    '127.0.0.1 "GET /slow" 503 REJECTED',
    ...Array<string>(3).fill('127.0.0.1 "GET /slow" 200 PASSED'),
  ])
})

it('pino-http.js: each entry has what became of the request, and a refusal its own with the zone', async () => {
  const { port, child } = await start('pino-http.js')
  expect(await statuses(port, 1, { path: '/health' })).toEqual(ok(1))
  expect(await statuses(port, 4)).toEqual([...ok(3), 503])

  const entries = (): Record<string, unknown>[] =>
    (child.stdout.match(/^\{.*\}$/gm) ?? []).map((line) => JSON.parse(line) as Record<string, unknown>)
  const answered = (): Record<string, unknown>[] => entries().filter((entry) => 'res' in entry)
  await child.until('all are answered', () => answered().length === 5)
  expect(
    answered().map(({ limitConn, res }) => [(res as { statusCode: number }).statusCode, limitConn]),
  ).toEqual([[200, undefined], [503, 'REJECTED'], ...ok(3).map((status) => [status, 'PASSED'])])
  expect(entries().filter((entry) => 'zone' in entry)).toMatchObject([
    { level: 40, zone: 'limit-conn', kind: 'rejected', key: '127.0.0.1', limit: 3, client: '127.0.0.1' },
  ])
})
