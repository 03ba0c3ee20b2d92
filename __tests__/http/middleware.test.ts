import { describe, expect, it } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { isLimitConnError, limitConn } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { hosts } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const matrix = Object.keys(hosts).flatMap((name) => [
  { name, tls: false },
  { name, tls: true },
])

describe.each(matrix)('limitConn on $name, TLS $tls', ({ name, tls }) => {
  const mount = hosts[name]!

  it('holds as many connections of one address as the limit says, and answers 503 above', async () => {
    const policy = limitConn({ limit: 3, logLevel: false })
    const held = new Held()
    const server = await serve(mount([policy], held.handler), { policies: [policy], tls })

    const clients = await Promise.all([1, 2, 3].map(() => server.get()))
    await held.arrived(3)
    const refused = await server.get()

    expect(await refused.answer()).toBe(503)
    await refused.closed()
    expect(policy.zones[0]!.count('127.0.0.1')).toBe(3)
    expect(held.runs).toBe(3)

    clients[0]!.destroy()
    await until('the slot is free', () => policy.zones[0]!.count('127.0.0.1') === 2)
    await server.get()
    await held.arrived(4)
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 4, rejected: 1, active: 3, peak: 3 })
  })

  it('counts an idle keep-alive connection, and all its requests as one', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const server = await serve(
      mount([policy], (req, res) => res.end(req.limitConn?.status)),
      { policies: [policy], tls },
    )

    const client = await server.get()
    await client.answer(1)
    client.get()
    await client.answer(2)
    const other = await server.get()

    expect(await other.answer()).toBe(503)
    expect(client.received).toContain('PASSED')
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
  })

  it('counts the requests in flight where count is requests: an idle connection costs nothing', async () => {
    const policy = limitConn({ limit: 2, count: 'requests', logLevel: false })
    const held = new Held()
    const server = await serve(mount([policy], held.handler), { policies: [policy], tls })

    const first = await server.get()
    const second = await server.get()
    await held.arrived(2)
    const third = await server.get()
    expect(await third.answer(1)).toBe(503)

    held.release()
    await first.answer(1)
    await until('nothing is in flight', () => policy.zones[0]!.stats().active === 0)
    third.get()
    second.get()
    await held.arrived(2)
    expect(policy.zones[0]!.count('127.0.0.1')).toBe(2)
    expect(third.isClosed).toBe(false)
  })
})

describe('req.limitConn', () => {
  it('tells status, zone, limit and active, as $limit_conn_status does', async () => {
    const policy = limitConn({ limit: 2, logLevel: false })
    const app = express().use(policy)
    app.get('/', (req, res) => void res.json(req.limitConn))
    const server = await serve(app, { policies: [policy] })

    const response = await request(server.url).get('/')

    expect(response.body).toEqual({ status: 'PASSED', zone: policy.zones[0]!.name, limit: 2, active: 1 })
  })

  it('is absent where no limit applied', async () => {
    const policy = limitConn({ limit: 1, key: () => '', logLevel: false })
    const app = express().use(policy)
    app.get('/', (req, res) => void res.json({ has: 'limitConn' in req }))
    const server = await serve(app, { policies: [policy] })

    expect((await request(server.url).get('/')).body).toEqual({ has: false })
    expect(policy.zones[0]!.stats()).toMatchObject({ skipped: 1, passed: 0, active: 0 })
  })

  it('keeps the dry-run hit of one policy, though another passed', async () => {
    const dry = limitConn({ limit: 1, dryRun: true, logLevel: false })
    const wide = limitConn({ limit: 100, logLevel: false })
    const app = express().use(dry).use(wide)
    app.get('/', (req, res) => void res.json(req.limitConn))
    const server = await serve(app, { policies: [dry, wide] })

    await (await server.get()).answer()
    const second = await server.get()
    await second.answer()

    expect(second.received).toContain('"status":"REJECTED_DRY_RUN"')
    expect(dry.zones[0]!.stats()).toMatchObject({ passed: 1, rejectedDryRun: 1, rejected: 0, active: 2 })
  })
})

it('tells what to write where limitConn was mounted without being called', async () => {
  const errors: unknown[] = []
  const app = express().use(limitConn as never)
  app.use((error: unknown, _req: unknown, res: express.Response, _next: unknown) => {
    errors.push(error)
    res.status(500).end()
  })
  const server = await serve(app, { policies: [] })

  expect((await request(server.url).get('/')).status).toBe(500)
  expect(errors[0]).toMatchObject({ code: 'ERR_LIMIT_CONN_NOT_CALLED' })
  expect(isLimitConnError(errors[0])).toBe(true)
  expect((errors[0] as Error).message).toContain('app.use(limitConn({ limit: 10 }))')
})

it.each([
  ['limitConn itself', (): unknown => limitConn, 'ERR_LIMIT_CONN_NOT_CALLED'],
  ['what it returns', (): unknown => limitConn({ limit: 1 }), 'ERR_LIMIT_CONN_MISSING_NEXT'],
])('tells what to write where %s was made the listener of a server', async (_, make, code) => {
  const listener = make() as (req: object, res: object) => void
  const thrown: unknown[] = []
  const server = await serve(
    (req, res) => {
      try {
        listener(req, res)
      } catch (error) {
        thrown.push(error)
        res.end()
      }
    },
    { policies: [] },
  )
  await request(server.url).get('/')

  expect(thrown).toEqual([expect.objectContaining({ code })])
})
