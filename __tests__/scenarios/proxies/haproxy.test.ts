import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { expectEachLimited } from '../../helpers/proxy-crowd.ts'
import { proxied } from '../../helpers/proxied.ts'
import { needProxies, Proxy, targetOf } from '../../helpers/proxies.ts'
import { until } from '../../helpers/until.ts'

const senders = ['send-proxy', 'send-proxy-v2'] as const
const newPath = (): string => path.join(mkdtempSync(path.join(tmpdir(), 'limit-conn-')), 'socket')

beforeAll(needProxies, 300_000)

describe.each(senders)('behind HAProxy with %s', (sender) => {
  it.each(['net', 'http', 'https', 'http2 secure'] as const)(
    '100 clients of distinct addresses are each limited by their own, at accept, on %s',
    async (kind) => {
      const served = await proxied(kind, { limit: 2 })
      const proxy = await Proxy.haproxy(`server node ${targetOf(served).haproxy} ${sender}`)
      await expectEachLimited(served, proxy, 100)
    },
  )

  it('a backend of https that HAProxy itself speaks TLS to', async () => {
    const served = await proxied('https', { limit: 1 })
    const { haproxy } = targetOf(served)
    const proxy = await Proxy.haproxy(`mode http\n  server node ${haproxy} ${sender} ssl verify none`)
    for (const address of ['127.1.0.1', '127.1.0.2']) {
      const client = await proxy.connect(address)
      client.get()
      await served.held.arrived(1)
      expect(served.held.waiting[0]!.req.socket.remoteAddress).toBe(address)
      served.held.release()
      expect(await client.answer()).toBe(200)
      expect(served.zone.count(address)).toBe(1)
    }
  })

  it('over a Unix socket', async () => {
    const options = { limit: 2, proxyProtocol: { trust: 'unix:' } }
    const served = await proxied('http', options, { path: newPath() })
    const proxy = await Proxy.haproxy(`server node ${targetOf(served).haproxy} ${sender}`)
    await expectEachLimited(served, proxy, 20)
  })

  it.each([['a port'], ['a Unix socket']])('its health checks over %s are let in', async (place) => {
    const isUnix = place === 'a Unix socket'
    const options = { limit: 1, proxyProtocol: { trust: ['loopback', 'unix:'] } }
    const served = await proxied('http', options, isUnix ? { path: newPath() } : {})
    served.server.on('request', () => setImmediate(() => served.held.release()))
    const { haproxy } = targetOf(served)
    const check = 'check check-send-proxy inter 20ms fastinter 20ms downinter 20ms fall 1 rise 1'
    const proxy = await Proxy.haproxy(`option httpchk GET /\n  server node ${haproxy} ${sender} ${check}`)
    await until('it was checked often', () => served.held.runs >= 5)

    const client = await proxy.connect('127.1.0.1')
    client.get()
    expect(await client.answer()).toBe(200)
    expect(served.lines).toEqual([])
    expect(served.zone.count('127.1.0.1')).toBe(1)
  })
})

it('behind HAProxy that sends no header nobody is let in', async () => {
  const served = await proxied('http')
  const proxy = await Proxy.haproxy(`server node ${targetOf(served).haproxy}`)
  const client = (await proxy.connect('127.1.0.1')).get()
  await client.closed()
  expect([client.received, served.held.runs]).toEqual(['', 0])
  expect(served.guard.proxyHeaders).toMatchObject({ read: 0, malformed: 1 })
})

it('a client that sends a header of its own through HAProxy gains no address by it', async () => {
  const served = await proxied('http', { limit: 10 })
  const proxy = await Proxy.haproxy(`server node ${targetOf(served).haproxy} send-proxy`)
  const client = await proxy.connect('127.1.0.1')
  client.write('PROXY TCP4 198.51.100.1 192.0.2.1 1 2\r\n').get()
  await client.closed()

  expect(served.held.runs).toBe(0)
  expect(served.zone.count('198.51.100.1')).toBe(0)
  expect(new Set(served.heard.map(({ remoteAddress }) => remoteAddress)).has('198.51.100.1')).toBe(false)
})
