import { expect } from '@jest/globals'
import type { Proxied } from './proxied.ts'
import type { Proxy } from './proxies.ts'
import { until } from './until.ts'

/**
 * So many clients of distinct addresses, behind a proxy, at a server with a limit of two: each has two connections, and
 * is closed at its third; none has room at the cost of another.
 */
export async function expectEachLimited(served: Proxied, proxy: Proxy, size: number): Promise<void> {
  const { zone, guard, place, heard } = served
  const addresses = Array.from({ length: size }, (_, n) => `127.1.${n % 7}.${n + 1}`)
  const isTls = 'isTls' in place && place.isTls
  await Promise.all(addresses.map((address) => proxy.connect(address, isTls)))
  await Promise.all(addresses.map((address) => proxy.connect(address)))
  await until('all are let in', () => zone.stats().passed === 2 * size, 20_000)
  expect(addresses.filter((address) => zone.count(address) !== 2)).toEqual([])
  expect(new Set(heard.map(({ remoteAddress }) => remoteAddress))).toEqual(new Set(addresses))

  const { length } = heard
  const third = await Promise.all(addresses.map((address) => proxy.connect(address)))
  for (const client of third) await client.closed(20_000)
  expect(third.filter(({ received }) => received !== '')).toEqual([])
  expect(zone.stats()).toMatchObject({ passed: 2 * size, rejected: size, active: 2 * size, keys: size })
  expect(heard).toHaveLength(length)
  expect(guard.proxyHeaders).toMatchObject({ read: 3 * size, malformed: 0, untrusted: 0, late: 0 })
}
