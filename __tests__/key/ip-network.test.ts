import net, { type AddressInfo } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { byHeader, byIp, limitConn, Limiter, type LimitConnOptions } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { Resetting } from '../helpers/resetting.ts'
import { destroyAfter, serve, type Handler, type Served } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

/** One more listener of a server, on all addresses of both families. */
async function dualStack({ server }: Served): Promise<{ port: number }> {
  const front = net.createServer({ allowHalfOpen: true }, (socket) => server.emit('connection', socket))
  await new Promise<void>((resolve) => front.listen(0, '::', resolve))
  destroyAfter({ destroy: () => front.close() })
  return { port: (front.address() as AddressInfo).port }
}

describe('byIp', () => {
  it('N34, F3: counts an IPv4 client of a dual-stack listener with its connections to an IPv4 one', async () => {
    const policy = limitConn({ limit: 3, logLevel: false })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    const { port } = await dualStack(server)

    for (const host of ['127.0.0.1', '::ffff:127.0.0.1']) (await server.connect({ port, host })).get()
    await server.get()
    await held.arrived(3)
    const seen = held.waiting.map(({ req }) => String(req.socket.remoteAddress))
    expect(seen.toSorted()).toEqual(['127.0.0.1', '::ffff:127.0.0.1', '::ffff:127.0.0.1'])

    for (const options of [{}, { port }]) {
      const refused = await server.connect(options)
      expect(await refused.get().answer()).toBe(503)
    }
    for (const spelling of ['127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1'])
      expect(policy.zones[0]!.count(spelling)).toBe(3)
    expect(policy.zones[0]!.top(9)).toMatchObject([{ kind: 'address', key: '127.0.0.1', active: 3 }])
  })

  it('keeps the IPv4 and the IPv6 clients of a dual-stack listener apart', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    const { port } = await dualStack(server)

    const host = '127.0.0.1'
    for (const from of [{ host }, { host, localAddress: '127.0.0.2' }, { host: '::1' }])
      (await server.connect({ port, ...from })).get()
    await held.arrived(3)

    const keys = policy.zones[0]!.top(9).map(({ key, active }) => `${key} ${active}`)
    expect(keys.toSorted()).toEqual(['127.0.0.1 1', '127.0.0.2 1', '::/56 1'])
  })

  it('gives each address a limit of its own', async () => {
    const policy = limitConn({ limit: 2, logLevel: false })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.1.2.3']

    for (const localAddress of [...addresses, ...addresses]) (await server.connect({ localAddress })).get()
    await held.arrived(8)
    for (const localAddress of addresses) {
      const refused = await server.connect({ localAddress })
      expect(await refused.get().answer()).toBe(503)
      expect(policy.zones[0]!.count(localAddress)).toBe(2)
    }
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 8, rejected: 4, keys: 4, active: 8 })
  })
})

const waves = 5
const inWave = 200
const request = 'GET / HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: 6.6.6.6\r\nX-Api-Key: secret\r\n\r\n'

type Key = NonNullable<LimitConnOptions['key']>
const addressOf = byIp()

const keys: Record<string, Key> = {
  'byIp()': byIp(),
  'byIp({ trustProxy: true })': byIp({ trustProxy: true }),
  "byHeader('x-api-key')": byHeader('x-api-key'),
  "byHeader('x-none', { missing: 'address' })": byHeader('x-none', { missing: 'address' }),
  $remote_addr$server_port: '$remote_addr$server_port',
  '(req) => req.socket.remoteAddress': (req) => String(req.socket.remoteAddress),
  'async (req) => byIp()(req)': async (req) => addressOf(req),
}
const hosts: Record<string, (handler: Handler) => Handler> = {
  'Express with trust proxy': (handler) => express().set('trust proxy', true).use(handler),
  'node:http': (handler) => handler,
}
const matrix = Object.keys(hosts).flatMap((host) => Object.keys(keys).map((key) => ({ host, key })))

describe.each(matrix)('A-04: $key on $host', ({ host, key }) => {
  it.each(['auto', 'requests'] as const)(
    'F8, F9: destroys clients that reset before they were seen, %s',
    async (count) => {
      const policy = limitConn({ limit: 5, key: keys[key]!, count, logLevel: false })
      const gone: net.Socket[] = []
      const passedOn: net.Socket[] = []
      const server = await serve(
        hosts[host]!((req, res) => {
          if (req.socket.remoteAddress === undefined) gone.push(req.socket)
          policy(req, res, () => passedOn.push(req.socket))
        }),
        { policies: [policy] },
      )
      let connections = 0
      server.server.on('connection', () => connections++)

      const clients = new Resetting(server.port, request)
      await clients.ready()
      for (let wave = 1; wave <= waves; wave++) {
        clients.wave(inWave)
        await until('the wave is accepted', () => connections === wave * inWave)
        await until('its sockets are closed', () => server.sockets.size === 0)
      }
      await clients.stop()

      expect(gone.length).toBeGreaterThan((waves * inWave) / 2)
      expect(gone.every((socket) => socket.destroyed)).toBe(true)
      expect(passedOn.some((socket) => gone.includes(socket))).toBe(false)
      expect(policy.zones[0]!.stats().passed).toBe(passedOn.length)
      expect(policy.zones[0]!.top(9).filter((known) => known.key !== '127.0.0.1')).toEqual([])
      expect(policy.zones[0]!.stats()).toMatchObject({ rejected: 0, skipped: 0, active: 0, keys: 0 })
    },
  )
})

describe('A-04: a Limiter at the accept level', () => {
  it('answers GONE for sockets that reset before they were seen, without an error', async () => {
    const limiter = new Limiter({ limit: 5 })
    const statuses: unknown[] = []
    const server = net.createServer((socket) => {
      const isGone = socket.remoteAddress === undefined
      const { status, passed, error } = limiter.accept(socket)
      if (isGone) statuses.push(`${status} ${passed} ${error?.code}`)
      socket.on('error', () => undefined).destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

    const clients = new Resetting((server.address() as AddressInfo).port, request)
    await clients.ready()
    clients.wave(inWave)
    await until('the wave is seen', () => statuses.length > inWave / 2)
    await clients.stop()
    await new Promise((resolve) => server.close(resolve))

    expect(new Set(statuses)).toEqual(new Set(['GONE false undefined']))
    expect(limiter.zones[0]!.stats()).toMatchObject({ rejected: 0, active: 0, keys: 0 })
  })
})
