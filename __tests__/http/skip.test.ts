import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { limitConn } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'

describe('skip', () => {
  it.each([
    ['/healthz', true],
    ['/healthz?deep=1', true],
    ['/healthz#x', true],
    ['http://any.host/healthz', true],
    ['http://any.host:80/healthz?x', true],
    ['/healthz/', false],
    ['/healthz/deep', false],
    ['/Healthz', false],
    ['/%68ealthz', false],
    ['//healthz', false],
    ['/other?/healthz', false],
    ['/other;/healthz', false],
    ['http://healthz/', false],
    ['http:///healthz', false],
  ])('compares the path of %s exactly: skipped %s', async (target, isSkipped) => {
    const policy = limitConn({ limit: 5, skip: ['/healthz'], logLevel: false })
    const server = await serve(
      bare([policy], (_req, res) => res.end()),
      { policies: [policy] },
    )
    await (await server.get(target)).answer()

    expect(policy.zones[0]!.stats()).toMatchObject(
      isSkipped ? { skipped: 1, passed: 0 } : { skipped: 0, passed: 1 },
    )
  })

  it('lets health probes through at the limit, and counts them as skipped', async () => {
    const policy = limitConn({ limit: 1, skip: ['/healthz'], logLevel: false })
    const held = new Held()
    const app = express()
    app.use('/', policy)
    app.get('/healthz', (_req, res) => void res.end('ok'))
    app.use(held.handler)
    const server = await serve(app, { policies: [policy] })
    await server.get()
    await held.arrived(1)

    expect(await (await server.get('/healthz')).answer()).toBe(200)
    expect(await (await server.get('/other')).answer()).toBe(503)
    expect(policy.zones[0]!.stats()).toMatchObject({ skipped: 1, rejected: 1, active: 1 })
  })

  it('knows the whole path inside a mounted router', async () => {
    const policy = limitConn({ limit: 1, skip: ['/api/healthz'], logLevel: false })
    const app = express()
    app.use('/api', policy, (_req, res) => void res.end('ok'))
    const server = await serve(app, { policies: [policy] })
    await (await server.get('/api/healthz')).answer()

    expect(policy.zones[0]!.stats().skipped).toBe(1)
  })

  it.each([
    ['127.0.0.0/8', true],
    ['127.0.0.1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.0/8', false],
    ['::/0', false],
  ])('compares the address with %s: skipped %s', async (range, isSkipped) => {
    const policy = limitConn({ limit: 5, skip: [range], logLevel: false })
    const server = await serve(
      bare([policy], (_req, res) => res.end()),
      { policies: [policy] },
    )
    await (await server.get()).answer()

    expect(policy.zones[0]!.stats().skipped).toBe(isSkipped ? 1 : 0)
  })

  it('compares the address that byIp counts: a header is believed from a trusted proxy only', async () => {
    const policy = limitConn({ limit: 5, skip: ['10.0.0.0/8'], logLevel: false })
    const untrusting = express().use(policy, (_req, res) => void res.end())
    const trusting = express()
      .set('trust proxy', 'loopback')
      .use(policy, (_req, res) => void res.end())
    const header = { 'X-Forwarded-For': '10.1.2.3' }

    await (await (await serve(untrusting, { policies: [policy] })).get('/', header)).answer()
    expect(policy.zones[0]!.stats().skipped).toBe(0)
    await (await (await serve(trusting, { policies: [policy] })).get('/', header)).answer()
    expect(policy.zones[0]!.stats().skipped).toBe(1)
  })

  it.each([
    ['a function', (): boolean => true],
    ['an async function', async (): Promise<boolean> => true],
  ])('takes %s', async (_, skip) => {
    const policy = limitConn({ limit: 1, skip, logLevel: false })
    const server = await serve(
      bare([policy], (_req, res) => res.end()),
      { policies: [policy] },
    )
    await (await server.get()).answer()

    expect(policy.zones[0]!.stats()).toMatchObject({ skipped: 1, passed: 0, active: 0 })
  })
})
