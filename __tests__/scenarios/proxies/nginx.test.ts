import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, expect, it } from '@jest/globals'
import { expectEachLimited } from '../../helpers/proxy-crowd.ts'
import { proxied } from '../../helpers/proxied.ts'
import { needProxies, Proxy, targetOf } from '../../helpers/proxies.ts'

beforeAll(needProxies, 300_000)

it.each(['net', 'tls', 'http', 'https'] as const)(
  '100 clients of distinct addresses behind nginx with proxy_protocol are each limited by their own, on %s',
  async (kind) => {
    const served = await proxied(kind, { limit: 2 })
    const proxy = await Proxy.nginx(`proxy_pass ${targetOf(served).nginx}; proxy_protocol on;`)
    await expectEachLimited(served, proxy, 100)
  },
)

it('behind nginx over a Unix socket', async () => {
  const where = path.join(mkdtempSync(path.join(tmpdir(), 'limit-conn-')), 'socket')
  const served = await proxied('http', { limit: 2, proxyProtocol: { trust: ['unix:'] } }, { path: where })
  const proxy = await Proxy.nginx(`proxy_pass ${targetOf(served).nginx}; proxy_protocol on;`)
  await expectEachLimited(served, proxy, 20)
})

it('behind nginx that sends no header nobody is let in', async () => {
  const served = await proxied('http')
  const proxy = await Proxy.nginx(`proxy_pass ${targetOf(served).nginx};`)
  const client = (await proxy.connect('127.1.0.1')).get()
  await client.closed()
  expect(served.guard.proxyHeaders).toMatchObject({ read: 0, malformed: 1 })
})
