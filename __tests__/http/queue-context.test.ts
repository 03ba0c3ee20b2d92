import { AsyncLocalStorage } from 'node:async_hooks'
import path from 'node:path'
import express from 'express'
import express4 from 'express4'
import { describe, expect, it } from '@jest/globals'
import { limitConn, limitUpgrade, Zone, type LimitConnOptions } from '../../lib/index.ts'
import { Child } from '../helpers/child.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { fullyQueueing, plain, queueing } from '../helpers/queueing.ts'
import { serve, type Handler } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'
import { Echo, upgradeTo } from '../helpers/upgrades.ts'

const options: LimitConnOptions = { limit: 1, count: 'requests', queue: { max: 9 }, logLevel: false }

it('a handler runs in the asynchronous context of its own request, not of the one that made room', async () => {
  const policy = limitConn(options)
  const storage = new AsyncLocalStorage<string>()
  const held = new Held()
  const seen: unknown[] = []
  const inner = bare([policy], (req, res) => {
    seen.push([req.url, storage.getStore()])
    held.handler(req, res)
  })
  const server = await serve((req, res) => storage.run(req.url!, () => inner(req, res)), {
    policies: [policy],
  })
  const { stats } = { stats: () => policy.zones[0]!.stats() }
  for (const [n, url] of ['/1', '/2', '/3', '/4'].entries()) {
    await server.get(url)
    await until('it has come', () => held.runs === 1 && stats().waiting === n)
  }

  held.answerFirst()
  await until('the second is in', () => held.runs === 2)
  storage.run('who calls setConfig', () => policy.setConfig({ limit: 2 }))
  await until('the third is in', () => held.runs === 3)
  expect(seen).toEqual(['/1', '/2', '/3'].map((url) => [url, url]))
  storage.run('who calls stop', () => policy.stop())
})

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('%s', (_, makeApp) => {
  it('what a handler throws after the wait goes to the error handling', async () => {
    const policy = limitConn(options)
    const held = new Held()
    const app = makeApp().use(policy)
    app.get('/held', held.handler)
    app.use((req: express.Request) => {
      throw new Error(`thrown for ${req.url}`)
    })
    app.use((error: Error, _req: unknown, res: express.Response, _next: unknown) => {
      res.status(500).end(error.message)
    })
    const server = await serve(app, { policies: [policy] })
    await server.get('/held')
    await held.arrived(1)
    const clients = []
    for (const url of ['/1', '/2', '/3']) clients.push(await server.get(url))
    await until('they wait', () => policy.zones[0]!.stats().waiting === 3)

    held.release()
    for (const [n, client] of clients.entries()) {
      expect(await client.answer()).toBe(500)
      expect(client.received).toContain(`thrown for /${n + 1}`)
    }
  })

  it('an error of a key function that is asked again goes to the error handling', async () => {
    const policy = limitConn(options)
    const held = new Held()
    const app = makeApp().use(policy).use(held.handler)
    app.use((error: { code?: string }, _req: unknown, res: express.Response, _next: unknown) => {
      res.status(500).end(error.code)
    })
    const server = await serve(app, { policies: [policy] })
    await server.get('/first')
    await held.arrived(1)
    const [one, other] = [await server.get('/1'), await server.get('/2')]
    await until('they wait', () => policy.zones[0]!.stats().waiting === 2)
    policy.setConfig({
      key: ({ url }) => {
        if (url === '/1') throw new Error('no key')
        return '127.0.0.1'
      },
    })
    expect(await one.answer()).toBe(500)
    expect(one.received).toContain('ERR_LIMIT_CONN_FUNCTION_FAILED')
    await until('the other is in', () => held.runs === 2)
    held.release()
    expect(await other.answer()).toBe(200)
  })

  it('mounted twice and in nested routers, a policy counts a request and lets it wait once', async () => {
    const policy = limitConn(options)
    const held = new Held()
    const router = express.Router().use(policy).use(express.Router().use(policy, held.handler))
    const server = await serve(
      makeApp()
        .use(policy, policy)
        .use(router as never),
      { policies: [policy] },
    )
    const clients = []
    for (const url of ['/1', '/2', '/3']) {
      clients.push(await server.get(url))
      await held.arrived(1)
    }
    await until('two wait', () => policy.zones[0]!.stats().waiting === 2)
    for (const client of clients) {
      await held.arrived(1)
      held.release()
      expect(await client.answer()).toBe(200)
    }
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 3, queued: 2, peak: 1 })
    expect(held.paths).toEqual(['/1', '/2', '/3'])
  })
})

it('a handler that throws when setConfig lets it in takes nobody else out of the line', async () => {
  const child = new Child([path.join(__dirname, '../helpers/throwing-waiter.js')])
  expect(await child.exit()).toBe(0)
  expect(JSON.parse(child.stdout)).toEqual({
    uncaught: ['thrown for /1'],
    thrownBySetConfig: false,
    ran: ['/first', '/1', '/2', '/3'],
    waiting: 0,
  })
})

describe('two policies', () => {
  it('who waits in the second holds the slot of the first, and gives it back when it leaves', async () => {
    const [one, two] = [limitConn({ ...options, limit: 2 }), limitConn(options)]
    const held = new Held()
    const server = await serve(bare([one, two], held.handler), { policies: [one, two] })
    await server.get('/1')
    await held.arrived(1)
    const second = await server.get('/2')
    await until('it waits in the second', () => two.zones[0]!.stats().waiting === 1)
    const third = await server.get('/3')
    await until('it waits in the first', () => one.zones[0]!.stats().waiting === 1)
    expect(one.zones[0]!.stats().active).toBe(2)

    second.destroy()
    await until('the third has moved on', () => two.zones[0]!.stats().queued === 2)
    expect(one.zones[0]!.stats()).toMatchObject({ active: 2, waiting: 0 })
    held.release()
    await held.arrived(1)
    held.release()
    expect(await third.answer()).toBe(200)
    expect(held.paths).toEqual(['/1', '/3'])
  })

  it('who has waited in vain for one gives the slot of the other back', async () => {
    const [one, two] = [
      limitConn({ ...options, limit: 9 }),
      limitConn({ ...options, queue: { max: 1, timeoutMs: 20 } }),
    ]
    const held = new Held()
    const server = await serve(bare([one, two], held.handler), { policies: [one, two] })
    await server.get('/1')
    await held.arrived(1)
    expect(await (await server.get('/2')).answer()).toBe(503)
    await until('its slot is free', () => one.zones[0]!.stats().active === 1)
  })
})

describe('a connection on which a request waits', () => {
  it('that is refused by a policy on connections meanwhile: what waits is answered, and it ends', async () => {
    const zone = new Zone({ name: 'connections' })
    const strict = limitConn({ limit: 1, zone, count: 'connections', logLevel: false })
    const policy = limitConn(options)
    const held = new Held()
    const [queued, both] = [bare([policy], held.handler), bare([strict], held.handler)]
    const handler: Handler = (req, res) => (req.url === '/strict' ? both : queued)(req, res)
    const server = await serve(handler, { policies: [policy, strict] })
    await server.get('/strict')
    await server.get('/first')
    await held.arrived(2)
    const get = (url: string): string => `GET ${url} HTTP/1.1\r\nHost: test\r\n\r\n`
    const client = (await server.connect()).write(get('/waits') + get('/strict'))
    await until('it waits and is refused', () => zone.stats().rejected === 1)

    held.release()
    expect(await client.answer()).toBe(503)
    await client.closed()
    expect(held.runs).toBe(2)
    await until('nothing is left', () => policy.zones[0]!.stats().active === 0)
  })

  it('that leaves HTTP meanwhile is not answered on behalf of what waits once that is refused', async () => {
    const policy = limitConn({ ...options, queue: { max: 9, timeoutMs: 200 } })
    const echo = new Echo()
    const upgrade = limitUpgrade({ limit: 1, logLevel: false }, echo.handler)
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy, upgrade] })
    server.server.on('upgrade', upgrade)
    await server.get('/first')
    await held.arrived(1)
    const client = (await server.connect()).write(
      `GET /waits HTTP/1.1\r\nHost: test\r\n\r\n${upgradeTo('foo')}`,
    )
    await until('it has left HTTP', () => echo.runs === 1)
    await client.closed()
    expect(client.received).not.toContain('503')
  })
})

it('an async key function: the order is that in which the keys are known', async () => {
  const answer: (() => void)[] = []
  const key = (): Promise<string> => new Promise((resolve) => answer.push(() => resolve('all')))
  const { ask, held, zone } = await queueing({ key })
  for (const [n, url] of ['/1', '/2', '/3'].entries()) {
    await ask(url)
    await until('its key is asked', () => answer.length === n + 1)
  }
  expect(zone.stats().waiting).toBe(0)
  for (const resolve of answer.toReversed()) resolve()
  for (let n = 1; n <= 3; n++) {
    await until('one is in', () => held.runs === n)
    held.release()
  }
  expect(held.paths).toEqual(['/3', '/2', '/1'])
})

it('a request that skip names does not wait', async () => {
  const { ask, held, zone, lineUp } = await fullyQueueing(
    { skip: ['/healthz'] },
    { ...plain, host: 'Express 5' },
  )
  await lineUp(['/1'])
  await ask('/healthz')
  await until('it is in', () => held.runs === 2)
  expect(zone.stats()).toMatchObject({ waiting: 1, skipped: 1, active: 1 })
})
