import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { parseList, type Item } from 'structured-headers'
import { byHeader, byIp, limitConn, Zone, type LimitConn } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { connect2 } from '../helpers/client2.ts'
import { Held } from '../helpers/held.ts'
import { kinds, serve2 } from '../helpers/http2.ts'
import { serve, type Served } from '../helpers/server.ts'

/** A field as a parser of structured fields reads it: the name of each item, and its parameters. */
function parse(field: string | undefined): Record<string, Record<string, unknown>> {
  const items = parseList(field ?? '') as Item[]
  expect(new Set(items.map(([name]) => name)).size).toBe(items.length)
  return Object.fromEntries(items.map(([name, parameters]) => [name, Object.fromEntries(parameters)]))
}

function fieldsOf(client: Client, answer = 1): { policy: object; rest: object } {
  const head = client.received.split(/(?=HTTP\/1\.1 )/)[answer - 1]!
  const valueOf = (name: string): string | undefined => new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1]
  return { policy: parse(valueOf('RateLimit-Policy')), rest: parse(valueOf('RateLimit')) }
}

const told = (name: string, q: number, r: number): object => ({
  policy: { [name]: { q, qu: 'concurrent-requests' } },
  rest: { [name]: { r } },
})
const untold = { policy: {}, rest: {} }

const zone = (name: string): Zone => new Zone({ name })

async function serveWith(...policies: readonly LimitConn[]): Promise<{ held: Held; server: Served }> {
  const held = new Held()
  const app = express()
  for (const policy of policies) app.use(policy)
  app.use('/held', held.handler)
  app.use((_req, res) => void res.end('ok'))
  return { held, server: await serve(app, { policies }) }
}

describe("headers: 'draft-8'", () => {
  it('tells the limit and what is left of it, to who passes and who is refused', async () => {
    const policy = limitConn({ limit: 2, zone: zone('addr'), headers: 'draft-8', logLevel: false })
    const { server } = await serveWith(policy)
    const clients = [await server.get(), await server.get()]
    expect(await Promise.all(clients.map((client) => client.answer()))).toEqual([200, 200])
    expect(clients.map((client) => fieldsOf(client))).toEqual([told('addr', 2, 1), told('addr', 2, 0)])

    const refused = await server.get()
    expect(await refused.answer()).toBe(503)
    expect(fieldsOf(refused)).toEqual(told('addr', 2, 0))
    expect(refused.received).toMatch(/^RateLimit-Policy: "addr";q=2;qu="concurrent-requests"\r$/m)
    expect(refused.received).toMatch(/^RateLimit: "addr";r=0\r$/m)

    clients[0]!.get()
    await clients[0]!.answer(2)
    expect(fieldsOf(clients[0]!, 2)).toEqual(told('addr', 2, 0))
  })

  it('tells it in a dry run, without a number below zero', async () => {
    const options = {
      limit: 1,
      dryRun: true,
      zone: zone('dry'),
      headers: 'draft-8',
      logLevel: false,
    } as const
    const { server } = await serveWith(limitConn(options))
    const clients = [await server.get(), await server.get(), await server.get()]
    expect(await Promise.all(clients.map((client) => client.answer()))).toEqual([200, 200, 200])
    expect(fieldsOf(clients[2]!)).toEqual(told('dry', 1, 0))
  })

  it('tells each limit that applies, and no other', async () => {
    const policy = limitConn({
      limits: [
        { zone: zone('key'), key: byHeader('x-key'), limit: 3 },
        { zone: zone('none'), key: byHeader('x-none'), limit: 1 },
        { zone: zone('endless'), limit: () => Infinity },
        { zone: zone('addr'), limit: 9 },
      ],
      headers: 'draft-8',
      logLevel: false,
    })
    const { server } = await serveWith(policy)
    const client = await server.get('/', { 'x-key': 'k' })
    await client.answer()
    const qu = 'concurrent-requests'
    expect(fieldsOf(client)).toEqual({
      policy: { key: { q: 3, qu }, addr: { q: 9, qu } },
      rest: { key: { r: 2 }, addr: { r: 8 } },
    })
  })

  it('tells the limits of two policies together, and of one mounted twice once', async () => {
    const settings = { headers: 'draft-8', logLevel: false } as const
    const first = limitConn({ limit: 5, zone: zone('first'), ...settings })
    const second = limitConn({ limit: 6, zone: zone('second'), ...settings })
    const { server } = await serveWith(first, second, first)
    const client = await server.get()
    await client.answer()
    expect(fieldsOf(client).rest).toEqual({ first: { r: 4 }, second: { r: 5 } })
  })

  it('tells the least that is left, where an address has several subnets', async () => {
    const key = byIp({ ipv6Subnet: [64, 48], trustProxy: 'loopback' })
    const policy = limitConn({ limit: 5, key, zone: zone('six'), headers: 'draft-8', logLevel: false })
    const { held, server } = await serveWith(policy)
    await server.get('/held', { 'X-Forwarded-For': '2001:db8:0:1::1' })
    await server.get('/held', { 'X-Forwarded-For': '2001:db8:0:2::1' })
    await held.arrived(2)
    const client = await server.get('/', { 'X-Forwarded-For': '2001:db8:0:3::1' })
    await client.answer()
    expect(fieldsOf(client)).toEqual(told('six', 5, 2))
  })

  it('stands behind what another limiter has told, and not where headers were sent', async () => {
    const policy = limitConn({ limit: 5, zone: zone('addr'), headers: 'draft-8', logLevel: false })
    const app = express()
    app.use((req, res, next) => {
      res.setHeader('RateLimit-Policy', '"rate";q=100;w=60')
      res.setHeader('RateLimit', '"rate";r=99;t=60')
      if (req.path === '/sent') res.flushHeaders()
      next()
    })
    app.use(policy, policy).use((_req, res) => void res.end('ok'))
    const server = await serve(app, { policies: [policy] })
    const [client, sent] = [await server.get(), await server.get('/sent')]
    expect([await client.answer(), await sent.answer()]).toEqual([200, 200])
    expect(fieldsOf(client).rest).toEqual({ rate: { r: 99, t: 60 }, addr: { r: 4 } })
    expect(fieldsOf(client).policy).toEqual({
      rate: { q: 100, w: 60 },
      addr: { q: 5, qu: 'concurrent-requests' },
    })
    expect(fieldsOf(sent).rest).toEqual({ rate: { r: 99, t: 60 } })
  })

  it('tells nothing where no limit applied, and nothing unless it is wished', async () => {
    const policy = limitConn({
      limit: 1,
      key: byHeader('x-key'),
      headers: 'draft-8',
      skip: ['/health'],
      logLevel: false,
    })
    const { server } = await serveWith(policy)
    const [keyless, skipped] = [await server.get(), await server.get('/health', { 'x-key': 'k' })]
    await Promise.all([keyless.answer(), skipped.answer()])
    expect([fieldsOf(keyless), fieldsOf(skipped)]).toEqual([untold, untold])

    policy.setConfig({ headers: false })
    const quiet = await server.get('/', { 'x-key': 'k' })
    await quiet.answer()
    expect(fieldsOf(quiet)).toEqual(untold)
  })

  it('keeps to what a structured field can hold', async () => {
    const options = { limit: Number.MAX_SAFE_INTEGER, zone: zone('a.b:c-d_e'), headers: 'draft-8' } as const
    const { server } = await serveWith(limitConn(options))
    const client = await server.get()
    await client.answer()
    expect(fieldsOf(client)).toEqual(told('a.b:c-d_e', 999_999_999_999_999, 999_999_999_999_999))
  })

  it('has told it before a handler of yours answers', async () => {
    const policy = limitConn({
      limit: 1,
      zone: zone('addr'),
      headers: 'draft-8',
      logLevel: false,
      reject: (_req, res) => void res.writeHead(429).end('mine'),
    })
    const { server, held } = await serveWith(policy)
    await server.get('/held')
    await held.arrived(1)
    const refused = await server.get()
    expect(await refused.answer()).toBe(429)
    expect(fieldsOf(refused)).toEqual(told('addr', 1, 0))
  })

  it.each(kinds)('tells it over HTTP/2, %s', async (_kind, tls) => {
    const { server, held } = await serve2({ headers: 'draft-8', zone: zone('addr') }, tls)
    const first = (await connect2(server)).get()
    await held.arrived(1)
    const refused = (await connect2(server)).get()
    expect(await refused.status()).toBe(503)
    held.release()
    expect(await first.status()).toBe(200)
    for (const { headers } of [first, refused]) {
      expect(parse(headers!['ratelimit-policy'] as string)).toEqual(
        (told('addr', 1, 0) as { policy: object }).policy,
      )
      expect(parse(headers!['ratelimit'] as string)).toEqual({ addr: { r: 0 } })
    }
  })

  it.each([true, 'draft-7', 'draft-9', null])('is the only one: %p is refused', (headers) => {
    expect(() => limitConn({ limit: 1, headers } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_LIMIT_CONN_INVALID_OPTION', option: 'options.headers' }),
    )
  })
})
