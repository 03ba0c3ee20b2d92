import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { limitConn, type LimitConnOptions } from '../../lib/index.ts'
import { full } from '../helpers/full.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

describe('a connection of which a request was refused', () => {
  it('is gone within a second, though the client does not read and keeps its side open', async () => {
    const { server } = await full({ message: 'x'.repeat(20_000_000) })
    const client = await server.connect({ allowHalfOpen: true })
    client.socket.pause()
    const before = server.sockets.size
    client.get()

    await until('the server has closed it', () => server.sockets.size === before - 1, 1_500)
  })

  it('lets admitted requests before the refusal finish first', async () => {
    const policy = limitConn({ limit: 1, key: (req) => req.url, logLevel: false })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    await server.get('/taken')
    const client = await server.get('/mine')
    await held.arrived(2)
    client.get('/taken')
    await until('it was refused', () => policy.zones[0]!.stats().rejected === 1)
    expect(client.received).toBe('')

    held.release('whole answer')
    expect(await client.answer(1)).toBe(200)
    expect(await client.answer(2)).toBe(503)
    await client.closed()
    expect(client.received).toContain('whole answer')
  })

  it('answers a request that comes to the limiter after one behind it was refused', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const held = new Held()
    const delayed: (() => void)[] = []
    const inner = bare([policy], held.handler)
    const server = await serve(
      (req, res) => (req.url === '/delayed' ? delayed.push(() => inner(req, res)) : inner(req, res)),
      { policies: [policy] },
    )
    await server.get()
    await held.arrived(1)
    const client = await server.get('/delayed')
    client.get('/refused')
    await until('the second was refused', () => policy.zones[0]!.stats().rejected === 1)
    delayed[0]!()

    expect(await client.answer()).toBe(503)
    await client.closed(1_500)
    expect(client.statuses).toEqual([503])
    expect(held.runs).toBe(1)
  })

  it('answers a request whose async key comes after that of one behind it, which was refused', async () => {
    const keys = new Map<string, (key: string) => void>()
    const policy = limitConn({
      limit: 1,
      key: (req) => new Promise<string>((resolve) => keys.set(req.url!, resolve)),
      logLevel: false,
    })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    await server.get('/holder')
    await until('the holder asks', () => keys.has('/holder'))
    keys.get('/holder')!('x')
    await held.arrived(1)
    const client = await server.get('/slow')
    client.get('/fast')
    await until('both ask', () => keys.has('/fast') && keys.has('/slow'))
    keys.get('/fast')!('x')
    await until('the second was refused', () => policy.zones[0]!.stats().rejected === 1)
    keys.get('/slow')!('y')

    expect(await client.answer()).toBe(503)
    await client.closed(1_500)
    expect(held.runs).toBe(1)
  })

  it('lets a request that was let in before the refusal through the policies behind', async () => {
    const first = limitConn({ limit: 5, logLevel: false })
    const second = limitConn({ limit: 1, key: (req) => req.url, logLevel: false })
    const held = new Held()
    const between: (() => void)[] = []
    const app = express().use(first)
    app.get('/mine', (_req, _res, next) => void between.push(next))
    const server = await serve(app.use(first).use(second).use(held.handler), { policies: [first, second] })
    await server.get('/taken')
    await held.arrived(1)
    const client = await server.get('/mine')
    client.get('/taken')
    await until('the second was refused', () => second.zones[0]!.stats().rejected === 1)
    between[0]!()
    await held.arrived(2)
    held.release()

    expect(await client.answer(1)).toBe(200)
    expect(await client.answer(2)).toBe(503)
    await client.closed()
  })

  it.each([
    ['a message function', { message: () => 'x'.repeat(20_000_000) }],
    ['a handler', { reject: (_req, res) => void res.end('x'.repeat(20_000_000)) }],
  ] as [string, Partial<LimitConnOptions>][])(
    'is gone a second after the answer of %s too',
    async (_, options) => {
      const { server } = await full({ ...options, timeoutMs: 60_000 })
      const client = await server.connect({ allowHalfOpen: true })
      client.socket.pause()
      const before = server.sockets.size
      client.get()

      await until('the server has closed it', () => server.sockets.size === before - 1, 1_500)
    },
  )

  it('of a proxy stays open where requests are counted, and serves others', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const held = new Held()
    const app = express().set('trust proxy', 'loopback').use(policy).use(held.handler)
    const server = await serve(app, { policies: [policy] })
    await server.get('/', { 'X-Forwarded-For': '10.0.0.1' })
    await held.arrived(1)

    const pooled = await server.get('/', { 'X-Forwarded-For': '10.0.0.1' })
    expect(await pooled.answer(1)).toBe(503)
    pooled.get('/', { 'X-Forwarded-For': '10.0.0.2' })
    await held.arrived(2)
    expect(policy.zones[0]!.count('10.0.0.2')).toBe(1)
    expect(pooled.isClosed).toBe(false)
  })
})
