import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { limitConn, Zone, type LimitConnOptions } from '../../../lib/index.ts'
import { Held } from '../../helpers/held.ts'
import { serve } from '../../helpers/server.ts'
import { until } from '../../helpers/until.ts'

// What nginx-tests checks in limit_conn_dry_run.t, told anew: $limit_conn_status in a header and in the access log.

/** `/reject` and `/dry` on one zone with a limit of one, and a rest without a limit; /w below each is held. */
async function start(over: Partial<LimitConnOptions> = {}) {
  const zone = new Zone({ name: 'zone' })
  const lines: string[] = []
  const accessLog: string[] = []
  const logger = { error: (line: string) => lines.push(line) }
  const reject = limitConn({ limit: 1, zone, count: 'requests', logger, warnings: false, ...over })
  const dry = reject.extend({ dryRun: true })
  const held = new Held()

  const app = express()
  app.use((req, res, next) => {
    res.on('close', () => accessLog.push(`${req.originalUrl}:${req.limitConn?.status ?? '-'}`))
    next()
  })
  app.use('/reject', reject)
  app.use('/dry', dry)
  app.use((req, res) => {
    if (req.limitConn) res.setHeader('X-Status', req.limitConn.status)
    if (req.path.endsWith('/w')) held.handler(req, res)
    else res.end('here')
  })
  const server = await serve(app, { policies: [reject, dry] })
  return { server, zone, held, lines, accessLog, dry }
}

describe('$limit_conn_status', () => {
  it('is PASSED for a request within the limit', async () => {
    const { server } = await start()
    const client = await server.get('/reject')
    expect(await client.answer()).toBe(200)
    expect(client.received).toContain('X-Status: PASSED\r\n')
  })

  it('is REJECTED, REJECTED_DRY_RUN, or absent', async () => {
    const { server, held, accessLog } = await start()
    await server.get('/reject/w')
    await held.arrived(1)
    expect(await (await server.get('/reject')).answer()).toBe(503)

    const dry = await server.get('/dry')
    expect(await dry.answer()).toBe(200)
    expect(dry.received).toContain('X-Status: REJECTED_DRY_RUN\r\n')

    const free = await server.get('/')
    expect(await free.answer()).toBe(200)
    expect(free.received).not.toContain('X-Status')

    held.release()
    await until('all are in the access log', () => accessLog.length === 4)
    expect(accessLog).toEqual(['/reject:REJECTED', '/dry:REJECTED_DRY_RUN', '/:-', '/reject/w:PASSED'])
  })

  it('is absent where the key is empty', async () => {
    const { server, accessLog } = await start({ key: () => '' })
    expect(await (await server.get('/reject')).answer()).toBe(200)
    await until('it is in the access log', () => accessLog.length === 1)
    expect(accessLog).toEqual(['/reject:-'])
  })
})

describe('limit_conn_dry_run', () => {
  it('writes its own line, at the same level', async () => {
    const { server, held, lines } = await start()
    await server.get('/reject/w')
    await held.arrived(1)
    await (await server.get('/dry')).answer()

    expect(lines).toEqual([
      expect.stringMatching(
        /^limiting connections, dry run, by zone "zone", client: 127\.0\.0\.1, .*GET \/dry /,
      ),
    ])
  })

  // nginx does not count the excess, for all that its documentation says: its count never goes above the limit.
  it('counts the excess, so that its true size shows', async () => {
    const { server, held, zone } = await start()
    for (let n = 1; n <= 4; n++) await server.get('/dry/w')
    await held.arrived(4)

    expect(zone.count('127.0.0.1')).toBe(4)
    expect(zone.top(1)).toMatchObject([{ active: 4, peak: 4, rejected: 0 }])
    expect(zone.stats()).toMatchObject({ passed: 1, rejectedDryRun: 3, rejected: 0 })
  })

  // Therefore: in nginx three dry requests leave room under an enforced limit of two on the same zone.
  it('counts for the enforced limits on its zone as well', async () => {
    const { server, held } = await start({ limit: 2 })
    for (let n = 1; n <= 3; n++) await server.get('/dry/w')
    await held.arrived(3)
    expect(await (await server.get('/reject')).answer()).toBe(503)
  })

  // A hit of nginx's dry run gives back the slots of the other limits and skips those that follow.
  it('leaves the other limits of the request in force', async () => {
    const [first, tried, last] = ['first', 'tried', 'last'].map((name) => new Zone({ name }))
    const policy = limitConn({
      limits: [
        { zone: first!, limit: 3 },
        { zone: tried!, limit: 1, dryRun: true },
        { zone: last!, limit: 2 },
      ],
      count: 'requests',
      logLevel: false,
    })
    const held = new Held()
    const server = await serve(express().use(policy).use(held.handler), { policies: [policy] })
    await server.get()
    await server.get()
    await held.arrived(2)

    expect([first, tried, last].map((zone) => zone!.stats().active)).toEqual([2, 2, 2])
    expect(await (await server.get()).answer()).toBe(503)
    expect(last!.stats().rejected).toBe(1)
    expect(tried!.stats().rejectedDryRun).toBe(1)
  })

  it('ends without a restart, and what is open stays counted', async () => {
    const { server, held, dry, zone } = await start()
    await server.get('/dry/w')
    await server.get('/dry/w')
    await held.arrived(2)
    dry.setConfig({ dryRun: false })

    expect(await (await server.get('/dry')).answer()).toBe(503)
    expect(zone.count('127.0.0.1')).toBe(2)
  })
})
