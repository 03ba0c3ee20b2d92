import { expect, it } from '@jest/globals'
import { byIp, limitConn, type LimitConn } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { Held } from '../helpers/held.ts'
import { hosts } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'

interface Proxied {
  readonly policy: LimitConn
  readonly held: Held
  /** A client of this address asks, through the proxy. */
  readonly ask: (address: string) => Promise<Client>
}

/** A server behind a proxy that is trusted, with a limit of two for each client. */
async function proxied(): Promise<Proxied> {
  const policy = limitConn({ limit: 2, logLevel: false, key: byIp({ trustProxy: 'loopback' }) })
  const held = new Held()
  const server = await serve(hosts['Express 5']!([policy], held.handler), { policies: [policy] })
  return { policy, held, ask: (address) => server.get('/', { 'X-Forwarded-For': address }) }
}

it('F4: a client has one limit in all spellings of its address, and shares it with no other', async () => {
  const { policy, held, ask } = await proxied()
  await ask('::ffff:1.2.3.4')
  await ask('::ffff:102:304')
  await held.arrived(2)
  for (const spelling of ['1.2.3.4', '0:0:0:0:0:ffff:0102:0304', '64:ff9b::102:304'])
    expect(await (await ask(spelling)).answer()).toBe(503)

  await ask('::ffff:1.2.3.5')
  await held.arrived(3)
  expect(policy.zones[0]!.stats()).toMatchObject({ keys: 2, active: 3, rejected: 3 })
})

it('F4: an address of IPv6 that ends in a dotted quad counts with its subnet, not under the quad', async () => {
  const { policy, held, ask } = await proxied()
  await ask('2001:db8::1.2.3.4')
  await ask('2001:db8::5.6.7.8')
  await held.arrived(2)
  expect(await (await ask('2001:db8::9.9.9.9')).answer()).toBe(503)
  expect(policy.zones[0]!.top(9)).toMatchObject([{ key: '2001:db8::/56', active: 2 }])

  await ask('1.2.3.4')
  await held.arrived(3)
})

it('F5: a client that takes 1,000 addresses of its subnet in turn has one limit', async () => {
  const { policy, held, ask } = await proxied()
  await ask('2001:db8:0:1::1')
  await ask('2001:db8:0:1::2')
  await held.arrived(2)
  const clients: Client[] = []
  for (let n = 3; n <= 1_000; n++) clients.push(await ask(`2001:db8:0:1::${n.toString(16)}`))
  for (const client of clients) expect(await client.answer()).toBe(503)

  expect(policy.zones[0]!.stats()).toMatchObject({ passed: 2, rejected: 998, keys: 1, active: 2 })
  await ask('2001:db8:1::1')
  await held.arrived(3)
})
