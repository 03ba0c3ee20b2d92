import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import express, { type Application } from 'express'
import express4 from 'express4'
import { byIp, limitConn, type ByIpOptions, type LimitConn, type TrustProxy } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare, hosts } from '../helpers/hosts.ts'
import { serve, type Handler, type Served } from '../helpers/server.ts'
import { nextTurn, until } from '../helpers/until.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'limit-conn-'))
afterAll(() => rmSync(folder, { recursive: true }))
let socketsMade = 0
const unixPath = (): string => path.join(folder, `${++socketsMade}.sock`)

const frameworks = { 'Express 4': express4, 'Express 5': express }

const chain = '6.6.6.6, 7.7.7.7, 10.1.1.1'
const headers: readonly (readonly [what: string, value: string | undefined])[] = [
  ['none', undefined],
  ['clean', '5.5.5.5'],
  ['spoofed', chain],
  ['garbage', 'zzz<script>'],
  ['port', '9.9.9.9:4711'],
  ['brackets', '[2001:db8::1]:99'],
  ['8 KB', 'x'.repeat(8_192)],
  ['empty', ''],
  ['prototype', '__proto__'],
  ['mapped', '::ffff:505:505'],
  ['IPv6', '2001:db8:1:2ff::1'],
]

interface Scene {
  readonly server: Served
  readonly policy: LimitConn
  readonly held: Held
}

/** What one request is counted under, and what a second meets while it lasts: its limit is 1. */
async function countedUnder({ server, policy, held }: Scene, header: string | undefined): Promise<string> {
  const zone = policy.zones[0]!
  const forwarded = header === undefined ? {} : { 'X-Forwarded-For': header }
  const first = await server.get('/', forwarded)
  const answered = (): boolean => /\r\n\r\n./.test(first.received)
  await until('held or answered', () => held.waiting.length > 0 || answered())

  if (answered()) {
    first.destroy()
    return `${first.statuses[0]} ${/ERR_\w+/.exec(first.received)?.[0]}`
  }
  const second = await server.get('/', forwarded)
  const status = await second.answer()
  const [{ kind, key, active } = {}] = zone.top(1)

  for (const client of [first, second]) client.destroy()
  held.waiting.length = 0
  await until('the slot is free', () => zone.stats().active === 0)
  return `${active} ${kind} ${key}, then ${status}`
}

const ofKey = (key: string): string => `1 address ${key}, then 503`
const noAddress = '500 ERR_LIMIT_CONN_NO_ADDRESS'

/** What is expected for each header: the clean ones, the spoofed chain, and all that says nothing. */
function expected(clean: boolean, spoofed: string | undefined, rest: string): Record<string, string> {
  const all = Object.fromEntries(headers.map(([what]) => [what, rest]))
  if (clean) {
    for (const what of ['clean', 'mapped']) all[what] = ofKey('5.5.5.5')
    all['IPv6'] = ofKey('2001:db8:1:200::/56')
  }
  if (spoofed) all['spoofed'] = ofKey(spoofed)
  return all
}

const settings: readonly { trust: TrustProxy; tcp?: string; unix?: string }[] = [
  { trust: false },
  { trust: true, tcp: '6.6.6.6', unix: '6.6.6.6' },
  { trust: 1, tcp: '10.1.1.1', unix: '10.1.1.1' },
  { trust: 2, tcp: '7.7.7.7', unix: '7.7.7.7' },
  { trust: 'loopback', tcp: '10.1.1.1' },
  { trust: ['loopback', '10.0.0.0/8'], tcp: '7.7.7.7' },
]
const matrix = Object.entries(frameworks).flatMap(([name, framework]) =>
  settings.map((setting) => ({ name, framework, ...setting })),
)

describe.each(matrix)('A-30: byIp on $name with trust proxy $trust', ({ framework, trust, tcp, unix }) => {
  const scene = async (place: { path?: string }): Promise<Scene> => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const held = new Held()
    const app = framework()
      .set('trust proxy', trust)
      .use(bare([policy], held.handler))
    return { policy, held, server: await serve(app, { policies: [policy], ...place }) }
  }

  it('counts under the forwarded address that is trusted, and under the socket for what is no address', async () => {
    const one = await scene({})
    const seen: Record<string, string> = {}
    for (const [what, header] of headers) seen[what] = await countedUnder(one, header)

    expect(seen).toEqual(expected(tcp !== undefined, tcp, ofKey('127.0.0.1')))
    expect(one.policy.zones[0]!.stats()).toMatchObject({ passed: headers.length, rejected: headers.length })
  })

  it('lets nobody in from a Unix socket without a forwarded address', async () => {
    const one = await scene({ path: unixPath() })
    const seen: Record<string, string> = {}
    for (const [what, header] of headers) seen[what] = await countedUnder(one, header)

    expect(seen).toEqual(expected(unix !== undefined, unix, noAddress))
    const admitted = Object.values(seen).filter((text) => text !== noAddress).length
    expect(one.held.runs).toBe(admitted)
    expect(one.policy.zones[0]!.stats()).toMatchObject({ passed: admitted, rejected: admitted })
  })
})

const forms: readonly { form: string; trustProxy: TrustProxy; key: string }[] = [
  { form: 'false', trustProxy: false, key: '127.0.0.1' },
  { form: 'true', trustProxy: true, key: '6.6.6.6' },
  { form: '0', trustProxy: 0, key: '127.0.0.1' },
  { form: '1', trustProxy: 1, key: '10.1.1.1' },
  { form: '2', trustProxy: 2, key: '7.7.7.7' },
  { form: '3', trustProxy: 3, key: '6.6.6.6' },
  { form: 'a name', trustProxy: 'loopback', key: '10.1.1.1' },
  { form: 'a text with commas', trustProxy: '127.0.0.1 , 10.0.0.0/8', key: '7.7.7.7' },
  { form: 'a list', trustProxy: ['loopback', 'uniquelocal'], key: '7.7.7.7' },
  { form: 'a netmask', trustProxy: ['127.0.0.0/255.0.0.0'], key: '10.1.1.1' },
  { form: 'an empty list', trustProxy: [], key: '127.0.0.1' },
  { form: 'a function', trustProxy: (ip, hop) => ip === '127.0.0.1' || hop === 1, key: '7.7.7.7' },
]

describe.each(forms)('byIp({ trustProxy }) given $form', ({ trustProxy, key }) => {
  it.each(Object.keys(frameworks))('wins over the setting of %s', async (name) => {
    const policy = limitConn({ limit: 1, key: byIp({ trustProxy }), logLevel: false })
    const held = new Held()
    const app = frameworks[name as keyof typeof frameworks]()
      .set('trust proxy', key === '127.0.0.1')
      .use(bare([policy], held.handler))
    const server = await serve(app, { policies: [policy] })

    expect(await countedUnder({ server, policy, held }, chain)).toBe(ofKey(key))
  })

  it.each(['Connect', 'node:http'])('decides on %s', async (name) => {
    const policy = limitConn({ limit: 1, key: byIp({ trustProxy }), logLevel: false })
    const held = new Held()
    const server = await serve(hosts[name]!([policy], held.handler), { policies: [policy] })

    expect(await countedUnder({ server, policy, held }, chain)).toBe(ofKey(key))
  })
})

describe('byIp', () => {
  it.each(['Connect', 'node:http'])('believes no header on %s unless it is told to', async (name) => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const held = new Held()
    const server = await serve(hosts[name]!([policy], held.handler), { policies: [policy] })

    expect(await countedUnder({ server, policy, held }, '5.5.5.5')).toBe(ofKey('127.0.0.1'))
  })

  it.each(Object.keys(frameworks))(
    'takes the setting of the parent in a sub-application of %s',
    async (name) => {
      const make = frameworks[name as keyof typeof frameworks]
      const policy = limitConn({ limit: 1, logLevel: false })
      const held = new Held()
      const app = make()
        .set('trust proxy', 1)
        .use('/', make().use(bare([policy], held.handler)))
      const server = await serve(app, { policies: [policy] })

      expect(await countedUnder({ server, policy, held }, chain)).toBe(ofKey('10.1.1.1'))
    },
  )

  it('counts two subnets of an IPv6 address, each with the limit', async () => {
    const key = byIp({ ipv6Subnet: [48, 64], trustProxy: 1 })
    const policy = limitConn({ limit: 1, key, logLevel: false })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    await server.get('/', { 'X-Forwarded-For': '2001:db8:1:2::1' })
    await held.arrived(1)

    const neighbour = await server.get('/', { 'X-Forwarded-For': '2001:db8:1:3::1' })
    expect(await neighbour.answer()).toBe(503)
    await server.get('/', { 'X-Forwarded-For': '2001:db8:2:2::1' })
    await held.arrived(2)
    expect(policy.zones[0]!.count('2001:db8:1:2::/64')).toBe(1)
    expect(policy.zones[0]!.count('2001:db8:1::/48')).toBe(1)
    expect(policy.zones[0]!.count('2001:db8:1:3::/64')).toBe(0)
  })

  it.each<[given: unknown, code: string, option: string]>([
    [null, 'INVALID_OPTION', 'byIp'],
    ['10.0.0.1', 'INVALID_OPTION', 'byIp'],
    [[64], 'INVALID_OPTION', 'byIp'],
    [{ ipv6subnet: 64 }, 'UNKNOWN_OPTION', 'byIp.ipv6subnet'],
    [{ trust: true }, 'UNKNOWN_OPTION', 'byIp.trust'],
    ...[0, 129, 1.5, NaN, '64', null, [], [64, 0], [64, '48'], [1, 2, 3, 4, 5]].map(
      (ipv6Subnet): [unknown, string, string] => [{ ipv6Subnet }, 'INVALID_OPTION', 'byIp.ipv6Subnet'],
    ),
    ...[-1, 1.5, NaN, Infinity, null, '', 'local', '10.0.0.0/33', '10.0.0.0/0', ['loopback', 5], {}, 1n].map(
      (trustProxy): [unknown, string, string] => [{ trustProxy }, 'INVALID_OPTION', 'byIp.trustProxy'],
    ),
  ])('throws for %p', (given, code, option) => {
    const misuse = (): unknown => byIp(given as ByIpOptions)
    expect(misuse).toThrow(expect.objectContaining({ code: `ERR_LIMIT_CONN_${code}`, option }))
    expect(misuse).toThrow(`${option} is `)
  })
})

const from = (address?: string): Record<string, string> => (address ? { 'X-Forwarded-For': address } : {})
const answer: Handler = (_req, res) => res.end('ok')

describe("the unit under 'auto'", () => {
  it.each<{ what: string; trust: TrustProxy; trustProxy?: TrustProxy; active: number[] }>([
    { what: 'requests where Express trusts the peer', trust: 'loopback', active: [0, 0] },
    { what: 'requests where Express trusts one hop', trust: 1, active: [0, 0] },
    { what: 'requests where only byIp trusts the peer', trust: false, trustProxy: 1, active: [0, 0] },
    { what: 'connections where nobody trusts the peer', trust: false, active: [1, 2] },
    { what: 'connections where others are trusted', trust: '10.0.0.0/8', trustProxy: [], active: [1, 2] },
  ])('is $what, with X-Forwarded-For or without', async ({ trust, trustProxy, active }) => {
    const key = byIp(trustProxy === undefined ? {} : { trustProxy })
    const policy = limitConn({ limit: 5, key, logLevel: false })
    const app = express().set('trust proxy', trust)
    const server = await serve(app.use(bare([policy], answer)), { policies: [policy] })

    const seen: number[] = []
    for (const address of [undefined, '5.5.5.5']) {
      const client = await server.get('/', from(address))
      await client.answer()
      await nextTurn()
      seen.push(policy.zones[0]!.stats().active)
    }
    expect(seen).toEqual(active)
  })

  it('gives each client behind one proxy connection a limit of its own, and refuses only the request', async () => {
    const policy = limitConn({ limit: 1, key: byIp({ trustProxy: 'loopback' }), logLevel: false })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })

    const proxy = await server.connect()
    for (const address of ['5.5.5.1', '5.5.5.2', undefined, '5.5.5.1']) proxy.get('/', from(address))
    await held.arrived(3)
    const counts = ['5.5.5.1', '5.5.5.2', '127.0.0.1'].map((address) => policy.zones[0]!.count(address))
    expect(counts).toEqual([1, 1, 1])

    held.release()
    await proxy.answer(4)
    expect(proxy.statuses).toEqual([200, 200, 200, 503])
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 3, rejected: 1, active: 0 })
    proxy.get('/', from('5.5.5.1'))
    await held.arrived(1)
    expect(proxy.isClosed).toBe(false)
  })

  it.each<[what: string, was: boolean, change: (app: Application, policy: LimitConn) => void]>([
    ['trust proxy is set later', false, (app) => void app.set('trust proxy', true)],
    ['trust proxy is taken back', true, (app) => void app.set('trust proxy', false)],
    ['setConfig changes count', false, (_app, policy) => policy.setConfig({ count: 'requests' })],
    ['setConfig changes count back', true, (_app, policy) => policy.setConfig({ count: 'connections' })],
  ])('of a connection never changes, though %s', async (_what, was, change) => {
    const policy = limitConn({ limit: 5, logLevel: false })
    const app = express().set('trust proxy', was)
    const server = await serve(app.use(bare([policy], answer)), { policies: [policy] })
    const active = (): number => policy.zones[0]!.stats().active

    const old = await server.get('/', from('5.5.5.5'))
    await old.answer(1)
    await nextTurn()
    expect(active()).toBe(was ? 0 : 1)
    change(app, policy)
    await old.get('/', from('5.5.5.5')).answer(2)
    await nextTurn()
    expect(active()).toBe(was ? 0 : 1)

    const fresh = await server.get('/', from('5.5.5.6'))
    await fresh.answer()
    await nextTurn()
    expect(active()).toBe(1)
  })
})
