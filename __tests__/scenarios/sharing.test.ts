import { EventEmitter } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import express from 'express'
import inject from 'light-my-request'
import { byHeader, byIp, Limiter, limitConn, Zone } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'
import { takeWarnings } from '../helpers/warnings.ts'

describe('A-07: one holder, one slot', () => {
  it('F7, F17: mounted twice and in nested routers: one slot, counted once', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const app = express().use(policy).use(policy)
    const inner = express.Router().use(policy)
    inner.get('/deep', policy, (req, res) => void res.json(req.limitConn))
    app.use('/nested', inner)
    const server = await serve(app, { policies: [policy] })
    const client = await server.get('/nested/deep')

    expect(await client.answer()).toBe(200)
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 1, active: 1, peak: 1 })
  })

  it('under requests too: a request that meets the policy again has its slot', async () => {
    const policy = limitConn({ limit: 1, count: 'requests', logLevel: false })
    const held = new Held()
    const server = await serve(express().use(policy).use(policy).use(held.handler), { policies: [policy] })
    await server.get()
    await held.arrived(1)

    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 1, active: 1 })
  })

  it('F19: two policies with zones of their own both count', async () => {
    const one = limitConn({ limit: 5, logLevel: false })
    const two = limitConn({ limit: 1, logLevel: false })
    const held = new Held()
    const server = await serve(express().use(one).use(two).use(held.handler), { policies: [one, two] })
    await server.get()
    await held.arrived(1)
    const refused = await server.get()

    expect(await refused.answer()).toBe(503)
    await refused.closed()
    expect([one, two].map((policy) => policy.zones[0]!.stats().passed)).toEqual([2, 1])
    await until('the refused connection is given back', () => one.zones[0]!.stats().active === 1)
  })

  it('two policies on one zone: one slot each connection, and the smaller limit decides', async () => {
    const zone = new Zone({ name: 'shared' })
    const wide = limitConn({ limit: 5, zone, logLevel: false })
    const narrow = limitConn({ limit: 2, zone, logLevel: false })
    const held = new Held()
    const app = express().use(wide)
    app.get('/narrow', narrow, held.handler)
    app.get('/wide', held.handler)
    const server = await serve(app, { policies: [wide, narrow] })
    for (const path of ['/narrow', '/narrow', '/wide']) await server.get(path)
    await held.arrived(3)
    expect(zone.count('127.0.0.1')).toBe(3)

    const refused = await server.get('/narrow')
    expect(await refused.answer()).toBe(503)
  })

  it('F29: 1,000 requests on one connection, and never another slot', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const server = await serve(
      bare([policy], (_req, res) => res.end()),
      { policies: [policy] },
    )
    const client = await server.connect()
    for (let n = 1; n <= 1_000; n++) await client.get().answer(n)

    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 1, rejected: 0, active: 1, peak: 1 })
  })

  it('Limiter.accept at the socket and the middleware behind it, on one zone, under TLS too', async () => {
    for (const tls of [false, true]) {
      const zone = new Zone({ name: 'both' })
      const limiter = new Limiter({ limit: 2, zone })
      const policy = limitConn({ limit: 2, zone, logLevel: false })
      const held = new Held()
      const server = await serve(bare([policy], held.handler), { policies: [policy], tls })
      server.server.prependListener('connection', (socket) => {
        if (!limiter.accept(socket).passed) socket.destroy()
      })
      await server.get()
      await server.get()
      await held.arrived(2)

      expect(zone.count('127.0.0.1')).toBe(2)
      const third = await server.get().catch(() => undefined)
      await third?.closed()
      expect(zone.stats()).toMatchObject({ rejected: 1, active: 2 })
      expect(held.runs).toBe(2)
    }
  })
})

it('A-24, F45: 10,000 requests on one connection add no listener and no warning', async () => {
  const policy = limitConn({ limit: 1, logLevel: false })
  const server = await serve(
    bare([policy], (_req, res) => res.end()),
    { policies: [policy] },
  )
  const client = await server.connect()
  await client.get().answer(1)
  const [socket] = [...server.sockets]
  const before = socket!.listenerCount('close')
  for (let batch = 1; batch < 100; batch++) {
    client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(101))
    await client.answer(1 + batch * 101)
  }

  expect(client.statuses).toHaveLength(10_000)
  expect(socket!.listenerCount('close')).toBe(before)
  expect(await takeWarnings()).toEqual([])
})

it('A-29, N39: 1,000 injected requests, whose sockets never close, leave nothing counted', async () => {
  const policy = limitConn({ limit: 3, logLevel: false })
  const handler = bare([policy], (req, res) => res.end(JSON.stringify(req.limitConn)))
  for (let n = 0; n < 1_000; n++) {
    const response = await inject(handler, { method: 'GET', url: '/' })
    expect(response.json()).toMatchObject({ status: 'PASSED', active: 1 })
  }

  expect(policy.zones[0]!.stats()).toMatchObject({ passed: 1_000, active: 0, peak: 1 })
  expect(policy.watched).toBe(0)
})

it('an injected response that never closes gives its slot back when it finishes', () => {
  const policy = limitConn({ limit: 1, logLevel: false })
  for (let n = 0; n < 10; n++) {
    const res = new EventEmitter()
    let passed = 0
    policy(
      { httpVersionMajor: 1, socket: { remoteAddress: '10.0.0.1' } } as never,
      res as never,
      () => passed++,
    )
    expect(passed).toBe(1)
    res.emit('finish')
  }

  expect(policy.zones[0]!.stats()).toMatchObject({ passed: 10, active: 0 })
})

describe('A-09: a limit that changes while connections are open', () => {
  it('F26: a new limit is obeyed by the next connection; what is open stays, and the zone goes on', async () => {
    const policy = limitConn({ limit: 3, logLevel: false })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    const [first] = await Promise.all([server.get(), server.get(), server.get()])
    await held.arrived(3)

    policy.setConfig({ limit: 1 })
    expect(await (await server.get()).answer()).toBe(503)
    expect(policy.zones[0]!.stats().active).toBe(3)
    held.release()
    await first.answer(1)
    first.get()
    await held.arrived(1)

    policy.setConfig({ limit: 4 })
    await server.get()
    await held.arrived(2)
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 4, rejected: 1, active: 4 })
  })
})

describe('extend', () => {
  it('shares the limits of the level above, zones included, and overrides the rest', async () => {
    const above = limitConn({ limit: 1, logLevel: false, statusCode: 429 })
    const below = above.extend({ retryAfter: 5 })
    const held = new Held()
    const app = express()
    app.get('/above', above, held.handler)
    app.get('/below', below, held.handler)
    const server = await serve(app, { policies: [above, below] })
    await server.get('/above')
    await held.arrived(1)
    const refused = await server.get('/below')

    expect(await refused.answer()).toBe(429)
    expect(refused.received).toContain('Retry-After: 5')
    expect(below.zones[0]).toBe(above.zones[0])
  })
})

it('a dry-run limit beside an enforced one lets pass, counts the true overshoot, and never decides', async () => {
  const lines: string[] = []
  const policy = limitConn({
    limits: [
      { zone: new Zone({ name: 'dry' }), key: byHeader('x-api-key'), limit: 1, dryRun: true },
      { zone: new Zone({ name: 'ip' }), key: byIp(), limit: 3 },
    ],
    logger: { warn: (line: string) => lines.push(line) },
    logLevel: 'warn',
  })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy] })
  for (let n = 1; n <= 3; n++) {
    await server.get('/', { 'x-api-key': 'k' })
    await held.arrived(n)
  }
  const refused = await server.get('/', { 'x-api-key': 'k' })

  expect(await refused.answer()).toBe(503)
  expect(held.waiting.map(({ req }) => req.limitConn?.status)).toEqual([
    'PASSED',
    'REJECTED_DRY_RUN',
    'REJECTED_DRY_RUN',
  ])
  const [dry, ip] = policy.zones
  expect(dry!.stats()).toMatchObject({ passed: 1, rejectedDryRun: 2, rejected: 0, active: 3 })
  expect(ip!.stats()).toMatchObject({ passed: 3, rejectedDryRun: 0, rejected: 1, active: 3 })
  expect(lines.map((line) => line.replace(/, server: [^,]+/, ''))).toEqual([
    'limiting connections, dry run, by zone "dry", client: 127.0.0.1, request: "GET / HTTP/1.1", host: "test"',
    'limiting connections by zone "ip", client: 127.0.0.1, request: "GET / HTTP/1.1", host: "test"',
  ])
})
