import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import os from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { describe, expect, it } from '@jest/globals'
import { limitServer, Zone } from '../../lib/index.ts'
import { statusRouter, type StatusOptions } from '../../lib/status.ts'
import { Client } from '../helpers/client.ts'
import { connect2 } from '../helpers/client2.ts'
import { makeServer } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { line, binary } from '../helpers/proxy-headers.ts'
import { listen, serve, untilConnections, type ListenOptions, type Served } from '../helpers/server.ts'
import { ask, failure, type Answer } from '../helpers/status.ts'
import { tcp } from '../helpers/tcp.ts'
import { until } from '../helpers/until.ts'

const zones = [new Zone({ name: 'addr' })]
const all = '/limit_conns'
const one = '/limit_conns/addr'
const remedy = 'give statusRouter an authorize function'
const routerOf = (options: Partial<StatusOptions> = {}): Promise<Served> =>
  serve(statusRouter({ zones, ...options }), { policies: [] })

async function get(headers: Record<string, string> = {}): Promise<Answer> {
  return ask((await routerOf()).port, 'GET', all, headers)
}

/** A client whose proxy has sent a header in front of all it sends. */
function clientBehind(port: number, { header, isTls }: { header: Buffer; isTls: boolean }): Client {
  const raw = tcp(port)
  raw.write(header)
  return new Client(isTls ? tls.connect({ socket: raw, rejectUnauthorized: false }) : raw)
}

describe('without authorize, the router', () => {
  it.each(['GET', 'HEAD'])('answers %s of this machine', async (method) => {
    expect(await ask((await routerOf()).port, method, all)).toMatchObject({ status: 200 })
  })

  it.each(['localhost', 'LOCALHOST:80', '127.0.0.1:3000', '127.8.9.10', '[::1]', '[::1]:3000'])(
    'answers a Host that is this machine: %s',
    async (host) => {
      expect((await get({ host })).status).toBe(200)
    },
  )

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil.example:80',
    'xlocalhost',
    'localhost@evil.example',
    '128.0.0.1',
    '192.0.2.2:3000',
    '[::ffff:127.0.0.1]',
    '[::2]',
    '0.0.0.0',
    '127.1',
  ])('refuses a name that somebody has pointed here, as DNS rebinding does: %p', async (host) => {
    const text = `without authorize the Host must be localhost or a loopback address; ${remedy}`
    expect(await get({ host })).toMatchObject(failure(403, 'Forbidden', text))
  })

  it.each([
    ['forwarded', 'for=203.0.113.7'],
    ['via', '1.1 proxy'],
    ['x-forwarded-for', '203.0.113.7'],
    ['X-Forwarded-For', ''],
    ['x-forwarded-host', 'localhost'],
    ['x-forwarded-proto', 'https'],
    ['x-forwarded', '203.0.113.7'],
    ['x-real-ip', '203.0.113.7'],
    ['cdn-loop', 'cdn.example'],
    ['x-cluster-client-ip', '203.0.113.7'],
    ['fastly-client-ip', '203.0.113.7'],
    ['x-envoy-external-address', '203.0.113.7'],
  ])('refuses what came through a proxy, as its header says: %s', async (name, value) => {
    const text = `without authorize nothing is answered that came through a proxy; ${remedy}`
    expect(await get({ [name]: value })).toMatchObject(failure(403, 'Forbidden', text))
  })

  it('refuses another host in the request line, which wins over Host', async () => {
    const { connect } = await routerOf()
    const client = await connect()
    client.write(`GET http://evil.example${all} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    expect(await client.answer()).toBe(403)
    const own = await connect()
    own.write(`GET http://localhost${all} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    expect(await own.answer()).toBe(200)
  })

  it('refuses a Host that is empty', async () => {
    const client = await (await routerOf()).connect()
    expect(await client.get(all, { Host: '' }).answer()).toBe(403)
  })

  it('refuses HTTP/1.0, as nginx speaks it where nobody has said how', async () => {
    const client = await (await routerOf()).connect()
    client.write(`GET ${all} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n`)
    expect(await client.answer()).toBe(403)
    await client.closed()
    expect(client.received).toContain('came through a proxy')
  })

  it.each([
    ['who another machine is, as the PROXY protocol says', line('203.0.113.7'), 'callers on this machine'],
    [
      'who is behind a proxy, though as the PROXY protocol says on its machine',
      line('127.0.0.1'),
      'came through a proxy',
    ],
    ['a proxy itself', binary(0x20, 0, Buffer.alloc(0)), 'came through a proxy'],
  ])('refuses %s', async (_, header, text) => {
    for (const isTls of [false, true]) {
      const held = Object.assign(new Held(), { handler: statusRouter({ zones }) })
      const server = makeServer(isTls ? 'https' : 'http', held)
      const guard = limitServer(server, { limit: 9, proxyProtocol: { trust: 'loopback' }, logLevel: false })
      const served = await listen(server, { policies: [guard], guard, tls: isTls })
      const client = clientBehind(served.port, { header, isTls })
      client.get(all, { Host: 'localhost' })
      expect(await client.answer()).toBe(403)
      expect(client.received).toContain(text)
    }
  })

  it('refuses a Unix socket: proxies speak to those', async () => {
    const socketPath = path.join(os.tmpdir(), `limit-conn-status-${process.pid}.sock`)
    const options: ListenOptions = { policies: [], path: socketPath }
    const served = await serve(statusRouter({ zones }), options)
    const client = (await served.connect()).get(all, { Host: 'localhost' })
    expect(await client.answer()).toBe(403)
    expect(client.received).toContain('callers on this machine')
  })

  it('answers over HTTP/2, by the authority that was asked', async () => {
    const served = await serve(statusRouter({ zones }), { policies: [], http2: true })
    const session = await connect2(served)
    const statuses = ['localhost', 'evil.example'].map((authority) =>
      session.get(all, { ':authority': authority }).status(),
    )
    expect(await Promise.all(statuses)).toEqual([200, 403])
  })

  it.each([[one], [`${one}/keys/127.0.0.1`]])('is read-only: DELETE %s', async (what) => {
    const text = `without authorize this router is read-only; ${remedy}`
    const { port } = await routerOf()
    expect(await ask(port, 'DELETE', what)).toMatchObject(failure(403, 'Forbidden', text))
  })
})

describe('with authorize, the router', () => {
  it('asks it for each request, and answers those to whom it says true', async () => {
    const asked: string[] = []
    const { port } = await routerOf({
      authorize: (req) => (asked.push(`${req.method} ${req.url}`), req.headers.authorization === 'me'),
    })
    const me = {
      authorization: 'me',
      host: 'status.example',
      'x-forwarded-for': '203.0.113.7',
      via: '1.1 proxy',
    }

    expect((await ask(port, 'GET', all, me)).status).toBe(200)
    expect((await ask(port, 'DELETE', one, me)).status).toBe(204)
    expect((await ask(port, 'GET', all)).status).toBe(403)
    expect((await ask(port, 'DELETE', one)).status).toBe(403)
    expect((await ask(port, 'GET', '/')).status).toBe(403)
    expect((await ask(port, 'GET', '/events')).status).toBe(403)
    expect(asked).toEqual([
      `GET ${all}`,
      `DELETE ${one}`,
      `GET ${all}`,
      `DELETE ${one}`,
      'GET /',
      'GET /events',
    ])
  })

  it.each<[string, () => unknown]>([
    ['says false', () => false],
    ['says something else', () => 'true'],
    ['promises something else', async () => ({ user: 'x' })],
    ['promises false', async () => false],
    [
      'throws',
      () => {
        throw new Error('secret')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('secret')
      },
    ],
    [
      'throws nothing',
      () => {
        throw undefined
      },
    ],
    [
      'has a then that throws',
      () => ({
        get then(): never {
          throw new Error('secret')
        },
      }),
    ],
  ])('refuses everybody while it %s, and tells no more', async (_, authorize) => {
    const { port } = await routerOf({ authorize: authorize as () => boolean })
    for (const what of [all, '/limit_conns/nobody', '/nowhere', '/limit_conns/%'])
      expect(await ask(port, 'GET', what)).toMatchObject(failure(403, 'Forbidden', 'you are not authorized'))
  })

  it('tells those who listen to warnings how it failed', async () => {
    const told: unknown[] = []
    const hear = (event: unknown): unknown => told.push(event)
    subscribe('limit-conn:warning', hear)
    const { port } = await routerOf({
      authorize: ({ headers }) => {
        if (headers.authorization === undefined) throw new Error('no header')
        return Promise.reject(new Error('no session'))
      },
    })
    await ask(port, 'GET', all)
    await ask(port, 'GET', all, { authorization: 'x' })
    unsubscribe('limit-conn:warning', hear)
    expect(told).toEqual(
      ['no header', 'no session'].map((why) => ({
        code: 'ERR_LIMIT_CONN_FUNCTION_FAILED',
        message: `statusRouter.authorize failed: ${why}`,
      })),
    )
  })

  it('answers whom it lets in later, and nobody who has gone meanwhile', async () => {
    const waiting: ((isLetIn: boolean) => void)[] = []
    let shown = 0
    const { port, connect, server } = await routerOf({
      zones: () => (shown++, zones),
      authorize: () => new Promise((resolve) => waiting.push(resolve)),
    })
    const [gone, patient] = [(await connect()).get(all), ask(port, 'GET', all)]
    await until('both are asked for', () => waiting.length === 2)
    gone.destroy()
    await untilConnections(server, 1)
    for (const letIn of waiting) letIn(true)
    expect((await patient).status).toBe(200)
    expect(shown).toBe(1)
  })
})
