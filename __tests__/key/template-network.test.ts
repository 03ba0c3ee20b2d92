import { once } from 'node:events'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import express from 'express'
import {
  byTemplate,
  limitConn,
  Limiter,
  Zone,
  type LimitConn,
  type LimitConnOptions,
} from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare, hosts } from '../helpers/hosts.ts'
import { serve, type Served } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

interface Scene {
  readonly policy: LimitConn
  readonly zone: Zone
  readonly held: Held
  readonly server: Served
}

async function scene(options: Partial<LimitConnOptions>, settings = {}, host = 'node:http'): Promise<Scene> {
  const policy = limitConn({ limit: 1, logLevel: false, ...options })
  const held = new Held()
  const server = await serve(hosts[host]!([policy], held.handler), { policies: [policy], ...settings })
  return { policy, zone: policy.zones[0]!, held, server }
}

/** The keys that hold slots. */
const keysIn = (zone: Zone): string[] =>
  zone
    .top(99)
    .map(({ kind, key, active }) => `${active} ${kind} ${key}`)
    .toSorted()

describe.each(Object.keys(hosts))('a template as key, in %s', (host) => {
  it('counts each port of the server by itself', async () => {
    const { zone, held, server } = await scene({ key: '$binary_remote_addr$server_port' }, {}, host)
    const front = net.createServer((socket) => server.server.emit('connection', socket))
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
    const { port } = front.address() as AddressInfo
    await server.get()
    ;(await server.connect({ port })).get()
    await held.arrived(2)

    expect(await (await server.get()).answer()).toBe(503)
    expect(await (await server.connect({ port })).get().answer()).toBe(503)
    const keys = [port, server.port].map((one) => `1 text 127.0.0.1\0${one}\0`)
    expect(keysIn(zone)).toEqual(keys.toSorted())
    expect(zone.count({ text: `127.0.0.1\0${port}\0` })).toBe(1)
    front.close()
  })

  it('limits each value of a header, and skips a request without one', async () => {
    const { zone, held, server } = await scene({ key: '$http_x_api_key' }, {}, host)
    await server.get('/', { 'X-Api-Key': 'a' })
    await server.get('/', { 'X-Api-Key': 'b' })
    await server.get()
    await held.arrived(3)

    expect(await (await server.get('/', { 'x-api-key': 'b' })).answer()).toBe(503)
    expect(keysIn(zone)).toEqual(['1 text a', '1 text b'])
    expect(zone.stats()).toMatchObject({ passed: 2, rejected: 1, skipped: 1 })
  })
})

it.each(['$remote_addr', '$binary_remote_addr'])(
  '%s alone shares the slot that byIp() takes',
  async (key) => {
    const zone = new Zone({ name: 'shared' })
    const policies = [
      limitConn({ limit: 1, zone, logLevel: false }),
      limitConn({ limit: 1, zone, key, logLevel: false }),
    ]
    const held = new Held()
    const server = await serve(bare(policies, held.handler), { policies })
    await server.get()
    await held.arrived(1)

    expect(keysIn(zone)).toEqual(['1 address 127.0.0.1'])
    expect(zone.count('::ffff:127.0.0.1')).toBe(1)
    expect(await (await server.get()).answer()).toBe(503)
  },
)

it('$request_uri and $uri are whole under a mount path of Express', async () => {
  const policy = limitConn({ limit: 1, key: '$uri$request_uri', logLevel: false })
  const held = new Held()
  const app = express().use('/api/', policy).use(held.handler)
  const server = await serve(app, { policies: [policy] })
  await server.get('/api//v1/%75sers?b=2')
  await held.arrived(1)

  expect(keysIn(policy.zones[0]!)).toEqual(['1 text /api/v1/users\0/api//v1/%75sers?b=2\0'])
})

describe('behind a proxy', () => {
  const from = (address: string, tenant: string): Record<string, string> => ({
    'X-Forwarded-For': address,
    'X-Tenant': tenant,
  })

  it.each<[what: string, key: NonNullable<LimitConnOptions['key']>, trust: boolean]>([
    ['Express trusts it', '$remote_addr$http_x_tenant', true],
    ['byTemplate was told to', byTemplate('$remote_addr$http_x_tenant', { trustProxy: 'loopback' }), false],
  ])('each client is counted, and each request holds the slot: %s', async (_what, key, trust) => {
    const policy = limitConn({ limit: 1, key, logLevel: false })
    const held = new Held()
    const app = express().set('trust proxy', trust).use(policy).use(held.handler)
    const server = await serve(app, { policies: [policy] })
    const proxy = await server.connect()
    for (const [address, tenant] of [
      ['5.5.5.1', 'a'],
      ['5.5.5.2', 'a'],
      ['5.5.5.1', 'b'],
      ['5.5.5.1', 'a'],
    ] as const)
      proxy.get('/', from(address, tenant))
    await held.arrived(3)
    expect(keysIn(policy.zones[0]!)).toEqual(
      ['5.5.5.1\0a', '5.5.5.1\0b', '5.5.5.2\0a'].map((text) => `1 text ${text}\0`),
    )

    held.release()
    await proxy.answer(4)
    expect(proxy.statuses).toEqual([200, 200, 200, 503])
    expect(proxy.isClosed).toBe(false)
  })

  it('X-Forwarded-For says nothing where nobody is trusted', async () => {
    const { zone, held, server } = await scene({ key: '$remote_addr$scheme' })
    await server.get('/', from('5.5.5.1', ''))
    await held.arrived(1)
    expect(await (await server.get('/', from('5.5.5.2', ''))).answer()).toBe(503)
    expect(keysIn(zone)).toEqual(['1 text 127.0.0.1\0http\0'])
  })
})

it('$ssl_server_name is what the client named in its handshake', async () => {
  const { zone, held, server } = await scene({ key: '$ssl_server_name$scheme' }, { tls: true })
  for (const options of [{ servername: 'a.example' }, { servername: 'b.example' }, {}])
    (await server.connect(options)).get()
  await held.arrived(3)

  const refused = await server.connect({ servername: 'b.example' })
  expect(await refused.get().answer()).toBe(503)
  expect(keysIn(zone)).toEqual(['\0', 'a.example\0', 'b.example\0'].map((name) => `1 text ${name}https\0`))
})

it('a Unix socket needs a template without an address', async () => {
  const place = { path: `/tmp/limit-conn-template-${process.pid}.sock` }
  const { held, server } = await scene({ key: '$http_x' }, place)
  await server.get('/', { x: 'a' })
  await held.arrived(1)
  expect(await (await server.get('/', { x: 'a' })).answer()).toBe(503)

  const other = await scene({ key: '$remote_addr$http_x' }, { path: `${place.path}2` })
  const client = await other.server.get('/', { x: 'a' })
  expect(await client.answer()).toBe(500)
  await until('the code is there', () => client.received.includes('ERR_LIMIT_CONN_NO_ADDRESS'))
})

it('a Limiter counts sockets under a template', async () => {
  const limiter = new Limiter({ limit: 1, key: '$remote_addr$server_addr' })
  const sockets: net.Socket[] = []
  const server = net.createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const clients = [1, 2].map(() => net.connect(port, '127.0.0.1'))
  await until('both are there', () => sockets.length === 2)

  expect(sockets.map((socket) => limiter.accept(socket).status)).toEqual(['PASSED', 'REJECTED'])
  expect(limiter.numOpen({ text: '127.0.0.1\x00127.0.0.1\0' })).toBe(1)
  for (const socket of [...clients, ...sockets]) socket.destroy()
  await until('the slot is given back', () => limiter.zones[0]!.stats().active === 0)
  server.close()
})

it('reads an HTTP/2 request', async () => {
  const key = byTemplate('$host $uri $arg_a $cookie_b $http_x $request_method $scheme $remote_addr')
  const seen: unknown[] = []
  const server = http2.createServer((req, res) => {
    seen.push(key(req))
    res.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const headers = { ':authority': 'H.example:1', ':path': '/a//b?a=1', cookie: ['a=0', 'b=2'], X: 'y' }
  const stream = session.request(headers).resume()
  await once(stream, 'close')

  expect(seen).toEqual(['h.example\0 /a/b\0 1\0 2\0 y\0 GET\0 http\0 127.0.0.1\0'])
  await new Promise<void>((resolve) => session.close(resolve))
  await new Promise<void>((resolve) => server.close(() => resolve()))
})
