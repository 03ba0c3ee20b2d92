import type http from 'node:http'
import type http2 from 'node:http2'
import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { byIp, type LimitConnOptions } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'
import { ask, codesOf, ok, told, visited, type Visited } from '../helpers/told.ts'

async function visitedInExpress(setting: unknown, options: Partial<LimitConnOptions> = {}): Promise<Visited> {
  const { policy, lines } = told(options)
  const app = express().set('trust proxy', setting).use(policy).use(ok)
  return { policy, lines, server: await serve(app, { policies: [policy] }) }
}

const xff = { 'X-Forwarded-For': '203.0.113.7' }

describe('WRN_LIMIT_CONN_TRUST_PROXY', () => {
  const code = 'WRN_LIMIT_CONN_TRUST_PROXY'

  it('F7: is said at construction for trustProxy: true', () => {
    expect(codesOf(told({ key: byIp({ trustProxy: true }) }).lines)).toEqual([code])
    expect(told({ key: byIp({ trustProxy: 'loopback' }) }).lines).toEqual([])
    expect(told({ key: byIp({ trustProxy: false }) }).lines).toEqual([])
  })

  it('is said at the first request in Express, once', async () => {
    const visit = await visitedInExpress(true)
    await ask(visit, xff, 3)
    expect(codesOf(visit.lines)).toEqual([code])
    expect(visit.lines[0]).toContain('"trust proxy" true')
  })

  it.each([[1], ['loopback'], [false]])('is not said for %p', async (setting) => {
    const visit = await visitedInExpress(setting)
    await ask(visit, setting === false ? {} : xff)
    expect(visit.lines).toEqual([])
  })

  it('is not said where the address is not the key, or an explicit trustProxy wins', async () => {
    const byId = await visitedInExpress(true, { key: () => 'id' })
    const explicit = await visitedInExpress(true, { key: byIp({ trustProxy: 'loopback' }) })
    await ask(byId, xff)
    await ask(explicit, xff)
    expect([byId.lines, explicit.lines]).toEqual([[], []])
  })
})

describe('WRN_LIMIT_CONN_FORWARDED_FOR', () => {
  const code = 'WRN_LIMIT_CONN_FORWARDED_FOR'

  it('is said once where no proxy is trusted, in Express and without', async () => {
    for (const visit of [await visited({}), await visitedInExpress(false)]) {
      await ask(visit)
      expect(visit.lines).toEqual([])
      await ask(visit, xff, 3)
      expect(codesOf(visit.lines)).toEqual([code])
    }
  })

  it('is not said where a proxy is trusted, or the address is not the key', async () => {
    const visits = [
      await visited({ key: byIp({ trustProxy: '10.0.0.0/8' }) }),
      await visitedInExpress('10.0.0.0/8'),
      await visited({ key: (req) => req.headers['x-user'] as string }),
    ]
    for (const visit of visits) await ask(visit, { ...xff, 'X-User': 'u' })
    expect(visits.flatMap(({ lines }) => lines)).toEqual([])
  })
})

describe('WRN_LIMIT_CONN_ONE_KEY', () => {
  const code = 'WRN_LIMIT_CONN_ONE_KEY'

  it('is said where nearly all connections have one address', async () => {
    const visit = await visited({ sweep: { everyMs: 60_000 } })
    await ask(visit, { Connection: 'close' }, 999)
    expect(visit.lines).toEqual([])
    await ask(visit, { Connection: 'close' })
    expect(codesOf(visit.lines)).toEqual([code])
    expect(visit.lines[0]).not.toContain('127.0.0.1')
  })

  it('is not said of one connection with many requests', async () => {
    const visit = await visited({})
    const client = await visit.server.connect()
    for (let n = 1; n <= 1_100; n++) await client.get().answer(n)
    expect(visit.lines).toEqual([])
  })

  it.each([
    ['is said', 20, [code]],
    ['is not said', 10, []],
  ])('%s where one of %d requests has another address', async (_what, share, codes) => {
    const visit = await visited({ key: byIp({ trustProxy: 'loopback' }) })
    const client = await visit.server.connect()
    for (let n = 1; n <= 1_000; n++) {
      client.get('/', { 'X-Forwarded-For': n % share === 0 ? `198.51.100.${n % 250}` : '203.0.113.7' })
      if (n % 50 === 0) await client.answer(n)
    }
    expect(codesOf(visit.lines)).toEqual(codes)
  })

  it('is not said of a key that everybody shares on purpose', async () => {
    const visit = await visited({ key: () => 'all', count: 'requests' })
    const client = await visit.server.connect()
    for (let n = 1; n <= 1_000; n++) await client.get().answer(n)
    expect(visit.lines).toEqual([])
  })
})

it('one key is counted for each policy, and no warning comes of who is refused', async () => {
  const [first, second] = [told({ count: 'requests', key: () => 'k' }), told({ count: 'requests' })]
  const third = told({ count: 'requests', limit: 1 })
  const server = await serve(bare([first.policy, second.policy], ok), {
    policies: [first.policy, second.policy],
  })
  const client = await server.connect()
  for (let n = 1; n <= 1_000; n++) await client.get().answer(n)
  expect([first.lines, codesOf(second.lines)]).toEqual([[], ['WRN_LIMIT_CONN_ONE_KEY']])

  const held = new Held()
  const full = await serve(bare([third.policy], held.handler), { policies: [third.policy] })
  await full.get()
  await held.arrived(1)
  const attacker = await full.connect()
  for (let n = 1; n <= 1_100; n++) await attacker.get().answer(n)
  expect(third.lines).toEqual([])
})

describe('WRN_LIMIT_CONN_EMPTY_KEY', () => {
  const key = (req: http.IncomingMessage | http2.Http2ServerRequest): string =>
    req.headers['x-user'] as string

  async function askOften(visit: Visited, users: readonly string[]): Promise<void> {
    const client = await visit.server.connect()
    for (const [n, user] of users.entries()) {
      client.get('/', user === '' ? {} : { 'X-User': user })
      if ((n + 1) % 50 === 0) await client.answer(n + 1)
    }
  }
  const nobody = Array<string>(1_000).fill('')

  it('is said of a key that has been empty from the first', async () => {
    const visit = await visited({ key, count: 'requests' })
    await askOften(visit, [...nobody, ...nobody])
    expect(codesOf(visit.lines)).toEqual(['WRN_LIMIT_CONN_EMPTY_KEY'])
    expect(visit.lines[0]).toContain('options.key was empty for each of the first 1000 requests')
  })

  it('is not said of one that somebody has had', async () => {
    const visit = await visited({ key, count: 'requests' })
    await askOften(visit, ['somebody', ...nobody, ...nobody])
    expect(visit.lines).toEqual([])
  })
})

describe('WRN_LIMIT_CONN_MANY_KEYS', () => {
  const code = 'WRN_LIMIT_CONN_MANY_KEYS'
  const key = (req: http.IncomingMessage | http2.Http2ServerRequest): string =>
    req.headers['x-user'] as string

  async function askAs(visit: Visited, users: readonly string[]): Promise<void> {
    const client = await visit.server.connect()
    for (const [n, user] of users.entries()) await client.get('/', { 'X-User': user }).answer(n + 1)
  }

  it('is said of a connection that changes its key eight times', async () => {
    const visit = await visited({ key })
    await askAs(visit, [...'aaabbccdefgh'])
    expect(visit.lines).toEqual([])
    await askAs(visit, [...'aaabbccdefghi'])
    expect(codesOf(visit.lines)).toEqual([code])
  })

  it('is not said where requests are counted', async () => {
    const visit = await visited({ key, count: 'requests' })
    await askAs(visit, [...'abcdefghijkl'])
    expect(visit.lines).toEqual([])
  })
})

describe('WRN_LIMIT_CONN_UNUSED_QUEUE', () => {
  const code = 'WRN_LIMIT_CONN_UNUSED_QUEUE'
  const queue = { max: 5 }

  it('is said once where a client comes by itself, and its connection is counted', async () => {
    const visit = await visited({ queue })
    await ask(visit, {}, 3)
    expect(codesOf(visit.lines)).toEqual([code])
  })

  it.each<[string, Partial<LimitConnOptions>]>([
    ['where requests are counted', { queue, count: 'requests' }],
    ['behind a trusted proxy', { queue, key: byIp({ trustProxy: 'loopback' }) }],
    ['without a queue', {}],
  ])('is not said %s', async (_, options) => {
    const visit = await visited(options)
    await ask(visit, {}, 2)
    expect(visit.lines).toEqual([])
  })
})
