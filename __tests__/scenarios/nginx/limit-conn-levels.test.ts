import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { limitConn, Zone } from '../../../lib/index.ts'
import { Held } from '../../helpers/held.ts'
import { serve } from '../../helpers/server.ts'
import { until } from '../../helpers/until.ts'

// nginx's levels: http, server, location. Its limits come from the level above if and only if there are none here; the
// status, the log level and dry run are inherited each by itself (ngx_http_limit_conn_merge_conf).

describe('inheritance', () => {
  const zone = new Zone({ name: 'above' })
  const above = limitConn({ limit: 1, zone, count: 'requests', statusCode: 429, logLevel: 'warn' })

  it('a level without limits has those above, and their zone', () => {
    const here = above.extend({ statusCode: 501 })
    expect(here.zones).toEqual([zone])
    expect(here.config).toMatchObject({ limit: 1, statusCode: 501, logLevel: 'warn', count: 'requests' })
  })

  it('a level with a limit has none of those above, and every other option', () => {
    const other = new Zone({ name: 'here' })
    const here = above.extend({ limit: 5, zone: other })
    expect(here.zones).toEqual([other])
    expect(here.config).toMatchObject({ limit: 5, statusCode: 429, logLevel: 'warn', count: 'requests' })
  })

  it('dry run is inherited, and can be switched off below', () => {
    const dry = above.extend({ dryRun: true, warnings: false })
    expect(dry.extend({ limit: 3 }).config).toMatchObject({ limit: 3, dryRun: true })
    expect(dry.extend({ dryRun: false }).config).toMatchObject({ limit: 1, dryRun: false })
  })

  it('goes down over several levels', () => {
    const location = above.extend({ logLevel: 'info' }).extend({ statusCode: 503 })
    expect(location.config).toMatchObject({ limit: 1, zone, statusCode: 503, logLevel: 'info' })
  })

  it('two levels count on one zone', async () => {
    const below = above.extend({ statusCode: 501, logLevel: false })
    const held = new Held()
    const app = express().use('/below', below, held.handler).use('/', above, held.handler)
    const server = await serve(app, { policies: [above, below] })
    await server.get('/')
    await held.arrived(1)

    expect(await (await server.get('/below')).answer()).toBe(501)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
  })

  it('a location with its own number on the zone above: the number is its own, the count is shared', async () => {
    const wide = above.extend({ limit: 2, zone, logLevel: false })
    const held = new Held()
    const app = express()
      .use('/wide', wide, held.handler)
      .use('/', above.extend({ logLevel: false }), held.handler)
    const server = await serve(app, { policies: [above, wide] })
    await server.get('/wide')
    await server.get('/wide')
    await held.arrived(2)

    expect(await (await server.get('/')).answer()).toBe(429)
    expect(await (await server.get('/wide')).answer()).toBe(429)
    expect(held.runs).toBe(2)
  })
})

describe('the page of a rejected request', () => {
  // As nginx's error_page: what answers a rejection is not limited again, and the rejection is counted once.
  it('comes from the error handling, with the status of the rejection', async () => {
    const policy = limitConn({
      limit: 1,
      count: 'requests',
      logLevel: false,
      reject: (_req, _res, next) => next(new Error('busy')),
    })
    const held = new Held()
    const app = express().use(policy).use('/w', held.handler)
    app.use((_error: Error, req: express.Request, res: express.Response, _next: unknown) => {
      res.status(501).end(`busy page, ${req.limitConn?.status}`)
    })
    const server = await serve(app, { policies: [policy] })
    await server.get('/w')
    await held.arrived(1)
    const rejected = await server.get('/')

    expect(await rejected.answer()).toBe(501)
    await until('the page is there', () => rejected.received.endsWith('busy page, REJECTED'))
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
  })

  // nginx lets it through; here nothing that was refused is let in by a policy.
  it.each(['connections', 'requests'] as const)(
    'is no way in where it is sent on within, %s',
    async (count) => {
      let runs = 0
      const app = express()
      const policy = limitConn({
        limit: 1,
        count,
        logLevel: false,
        reject: (req, res, next) => {
          runs++
          req.url = '/busy'
          app(req as express.Request, res as express.Response, next)
        },
      })
      const held = new Held()
      app.use(policy).use('/w', held.handler)
      app.get('/busy', (_req, res) => void res.end('let in'))
      const server = await serve(app, { policies: [policy] })
      await server.get('/w')
      await held.arrived(1)
      const rejected = await server.get('/')

      expect(await rejected.answer()).toBe(503)
      expect([runs, rejected.received.includes('let in')]).toEqual([1, false])
      expect(policy.zones[0]!.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
    },
  )
})

// nginx looks at a request once, also where it is redirected within the server.
it('a request that was let in is not limited again where it is sent on to another path', async () => {
  const policy = limitConn({ limit: 1, count: 'requests', logLevel: false })
  const app = express()
  app.get('/from', policy, (req, _res, next) => {
    req.url = '/to'
    next('route')
  })
  app.get('/to', policy, (req, res) => void res.json(req.limitConn))
  const server = await serve(app, { policies: [policy] })
  const client = await server.get('/from')

  expect(await client.answer()).toBe(200)
  expect(client.received).toContain('"PASSED"')
  expect(policy.zones[0]!.stats()).toMatchObject({ passed: 1, peak: 1 })
})
