import { describe, expect, it } from '@jest/globals'
import { byHeader, limitConn, Zone, type LimitServerOptions } from '../../lib/index.ts'
import { full } from '../helpers/full.ts'
import { guarded } from '../helpers/guarded.ts'
import { bare } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const reason = 'limiting connections by zone "limit-conn", client: 127.0.0.1'

function listed(): { lines: string[]; logger: { error: (line: string) => void } } {
  const lines: string[] = []
  return { lines, logger: { error: (line) => lines.push(line) } }
}

describe('who is refused, and why, is seen', () => {
  it('A-19, F14: by middleware: the client has 503 and Retry-After, the log a line, the zone a count', async () => {
    const { lines, logger } = listed()
    const zone = new Zone({ name: 'limit-conn' })
    const { server } = await full({ zone, logger, logLevel: 'error', retryAfter: 7 })
    const refused = await server.get('/second')

    expect(await refused.answer()).toBe(503)
    expect(refused.received).toMatch(/^Retry-After: 7\r$/m)
    expect(lines).toEqual([expect.stringContaining(reason)])
    expect(lines[0]).toContain('request: "GET /second HTTP/1.1"')
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1 })
  })

  it.each<[LimitServerOptions['reject'], string]>([
    ['respond', 'HTTP/1.1 503 '],
    ['destroy', ''],
    ['reset', ''],
  ])('A-19, F14: by a guard that is to %s: the log has a line, the zone a count', async (reject, said) => {
    const { lines, logger } = listed()
    const zone = new Zone({ name: 'limit-conn' })
    const options = { zone, limit: 1, reject: reject!, logger, logLevel: 'error', retryAfter: 7 } as const
    const { connect } = await guarded('http', options)
    await connect()
    await until('one is in', () => zone.stats().active === 1)
    // A reset may come before the client has heard that it is connected.
    const refused = await connect().catch(() => undefined)
    await refused?.closed()
    await until('it is refused', () => zone.stats().rejected === 1)

    const received = refused?.received ?? ''
    expect(received.startsWith(said)).toBe(true)
    expect(received.includes('Retry-After: 7\r\n')).toBe(reject === 'respond')
    expect(lines).toEqual([expect.stringContaining(reason)])
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1 })
  })
})

it.each([
  ['one key', () => 'k'],
  ['a new key each', (n: number) => `k${n}`],
])(
  'A-19: 20,000 requests are refused at one go, with %s: ten lines a second at most',
  async (_, keyOf) => {
    const perSecond = new Map<number, number>()
    const error = (): void => {
      const second = Math.floor(performance.now() / 1_000)
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
    }
    const policy = limitConn({
      limit: () => 0,
      key: byHeader('x-api-key'),
      count: 'requests',
      logger: { error },
      warnings: false,
    })
    const server = await serve(
      bare([policy], (_req, res) => res.end()),
      { policies: [policy] },
    )
    const client = await server.connect()
    for (let n = 0; n < 20_000; n++) client.get('/', { 'X-Api-Key': keyOf(n) })
    await until('all are refused', () => policy.zones[0]!.stats().rejected === 20_000, 90_000)

    expect(perSecond.size).toBeGreaterThan(0)
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(10)
  },
  120_000,
)
