import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { byHeader, limitConn, Zone, type LimitConnOptions } from '../../../lib/index.ts'
import type { Client } from '../../helpers/client.ts'
import { Held } from '../../helpers/held.ts'
import { serve } from '../../helpers/server.ts'
import { until } from '../../helpers/until.ts'

// What nginx-tests checks in limit_conn.t, told anew, and what its module does beside that. In nginx's http a slot is a
// request in flight, hence `count: 'requests'`; where we differ on purpose the comment says what nginx does.
// nginx's behaviour was seen on nginx 1.22.1 as well.

const http = { count: 'requests', logLevel: false } as const

/** Locations with a policy each: a path that ends with /w is held, all others are answered at once. */
async function start(locations: Record<string, LimitConnOptions>) {
  const policies = Object.entries(locations).map(
    ([path, options]) => [path, limitConn({ ...http, ...options })] as const,
  )
  const held = new Held()
  const app = express()
  for (const [path, policy] of policies) {
    app.use(path, policy, (req, res) => void (req.path === '/w' ? held.handler(req, res) : res.end('here')))
  }
  const server = await serve(app, { policies: policies.map(([, policy]) => policy) })

  async function status(path: string, headers?: Record<string, string>): Promise<number> {
    return (await server.get(path, headers)).answer()
  }
  async function hold(path: string, headers?: Record<string, string>): Promise<Client> {
    const before = held.runs
    const client = await server.get(path, headers)
    await until(`${path} is held`, () => held.runs > before)
    return client
  }
  return { server, held, status, hold }
}

describe('limit_conn: one zone, and others', () => {
  async function locations() {
    const zone = new Zone({ name: 'zone' })
    const started = await start({
      '/1': { limit: 1, zone },
      '/zone': { limit: 1, zone: new Zone({ name: 'zone2' }) },
      '/unlim': { limit: 5, zone },
      '/': { limit: 1, zone },
    })
    const emptied = () => until('the zone is empty', () => zone.stats().active === 0)
    return { ...started, zone, emptied }
  }

  it('rejects a second request of a client, with 503', async () => {
    const { hold, status } = await locations()
    await hold('/w')
    expect(await status('/')).toBe(503)
  })

  it('rejects it in another place with the same zone', async () => {
    const { hold, status } = await locations()
    await hold('/w')
    expect(await status('/1')).toBe(503)
  })

  it('passes it where the zone is another', async () => {
    const { hold, status } = await locations()
    await hold('/w')
    expect(await status('/zone')).toBe(200)
  })

  it('passes again when the first client has closed', async () => {
    const { hold, status, emptied } = await locations()
    const first = await hold('/w')
    first.destroy()
    await emptied()
    expect(await status('/1')).toBe(200)
  })

  it('holds each place to its own number on the count they share', async () => {
    const { hold, status, zone } = await locations()
    await hold('/w')
    expect(await status('/unlim')).toBe(200)
    expect(await status('/')).toBe(503)

    await hold('/unlim/w')
    expect(zone.count('127.0.0.1')).toBe(2)
  })

  it('passes five where five may be, whoever holds them', async () => {
    const { hold, status, zone } = await locations()
    await hold('/w')
    for (let n = 2; n <= 5; n++) await hold('/unlim/w')
    expect(await status('/unlim')).toBe(503)
    expect(zone.stats()).toMatchObject({ passed: 5, rejected: 1, active: 5 })
  })
})

describe('limit_conn_status and limit_conn_log_level', () => {
  it('answer with the status and write the line that they say', async () => {
    const lines: string[] = []
    const logger = { info: (line: string) => lines.push(`[info] ${line}`) }
    const zone = new Zone({ name: 'custom' })
    const { hold, status, server } = await start({
      '/custom': { limit: 1, zone, statusCode: 501, logLevel: 'info', logger },
    })
    await hold('/custom/w')

    expect(await status('/custom')).toBe(501)
    // nginx puts its server_name where we have the address that was asked.
    expect(lines).toEqual([
      `[info] limiting connections by zone "custom", client: 127.0.0.1, server: 127.0.0.1:${server.port}, ` +
        'request: "GET /custom HTTP/1.1", host: "test"',
    ])
  })

  it('are 503 and error unless told', async () => {
    const lines: string[] = []
    const logger = { error: (line: string) => lines.push(line) }
    const zone = new Zone({ name: 'addr' })
    const { hold, status } = await start({ '/': { limit: 1, zone, logLevel: 'error', logger } })
    await hold('/w')

    expect(await status('/')).toBe(503)
    expect(lines).toEqual([
      expect.stringMatching(/^limiting connections by zone "addr", client: 127\.0\.0\.1, /),
    ])
    expect(limitConn({ limit: 1 }).config).toMatchObject({ statusCode: 503, logLevel: 'error' })
  })
})

describe('keys', () => {
  async function keyed() {
    const zone = new Zone({ name: 'key' })
    const started = await start({ '/': { limit: 1, zone, key: byHeader('x-key') } })
    return { ...started, zone }
  }

  it('an empty key and a missing one are not accounted', async () => {
    const { hold, status, zone } = await keyed()
    await hold('/w', { 'X-Key': '' })
    await hold('/w')
    expect(await status('/')).toBe(200)
    expect(zone.stats()).toMatchObject({ passed: 0, active: 0, skipped: 3 })
  })

  it('a key of 255 bytes is limited', async () => {
    const { hold, status } = await keyed()
    await hold('/w', { 'X-Key': 'x'.repeat(255) })
    expect(await status('/', { 'X-Key': 'x'.repeat(255) })).toBe(503)
    expect(await status('/', { 'X-Key': 'short' })).toBe(200)
  })

  // nginx logs `the value of the "$http_x_key" key is more than 255 bytes` and passes: the limit does not apply.
  it('a key of more than 255 bytes is limited as any other', async () => {
    const { hold, status, zone } = await keyed()
    const long = 'x'.repeat(300)
    await hold('/w', { 'X-Key': long })
    expect(await status('/', { 'X-Key': long })).toBe(503)
    expect(await status('/', { 'X-Key': `${long}y` })).toBe(200)
    expect(zone.count(long)).toBe(1)
  })
})

describe('several limits', () => {
  it('the first exceeded one rejects and logs, and what was taken before it is given back', async () => {
    const [perIp, perServer, perKey] = ['perip', 'perserver', 'perkey'].map((name) => new Zone({ name }))
    const lines: string[] = []
    const limits = [
      { zone: perIp!, limit: 10 },
      { zone: perServer!, limit: 1, key: () => 'example.com' },
      { zone: perKey!, limit: 1, key: byHeader('x-key') },
    ]
    const logger = { error: (line: string) => lines.push(line) }
    const { hold, status } = await start({ '/': { limits, logLevel: 'error', logger } })
    await hold('/w', { 'X-Key': 'a' })

    expect(await status('/', { 'X-Key': 'a' })).toBe(503)
    expect([perIp, perServer, perKey].map((zone) => zone!.stats().active)).toEqual([1, 1, 1])
    expect([perIp, perServer, perKey].map((zone) => zone!.stats().rejected)).toEqual([0, 1, 0])
    expect(lines).toEqual([expect.stringContaining('by zone "perserver"')])
  })
})

describe('the connection', () => {
  it('idle between two requests it costs nothing', async () => {
    const { server, status } = await start({ '/': { limit: 1 } })
    const idle = await server.get('/')
    await idle.answer()
    expect(await status('/')).toBe(200)
  })

  it('after a rejection it goes on, and its next request is looked at anew', async () => {
    const zone = new Zone({ name: 'addr' })
    const { server, hold } = await start({ '/': { limit: 1, zone } })
    const first = await hold('/w')
    const client = await server.get('/')
    expect(await client.answer(1)).toBe(503)

    first.destroy()
    await until('the zone is empty', () => zone.stats().active === 0)
    expect(await client.get('/').answer(2)).toBe(200)
  })

  // nginx's http has no such unit: its stream module counts connections, and closes without an answer.
  it("under 'connections' it counts while it is idle, and is closed after a rejection", async () => {
    const { server } = await start({ '/': { limit: 1, count: 'connections' } })
    const idle = await server.get('/')
    await idle.answer()
    const second = await server.get('/')

    expect(await second.answer()).toBe(503)
    await second.closed()
    expect(second.received).toContain('Connection: close')
    expect(idle.isClosed).toBe(false)
  })
})
