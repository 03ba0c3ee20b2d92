import { describe, expect, it } from '@jest/globals'
import {
  byHeader,
  byIp,
  limitConn,
  Zone,
  type ByHeaderOptions,
  type LimitConn,
  type LimitConnOptions,
} from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve, type Served, type ServeOptions } from '../helpers/server.ts'

interface Scene {
  readonly policy: LimitConn
  readonly zone: Zone
  readonly held: Held
  readonly server: Served
  /** Sends a GET with these header lines. */
  ask: (...lines: string[]) => Promise<Client>
}

async function scene(
  options: Partial<LimitConnOptions>,
  settings: ServeOptions['server'] = {},
): Promise<Scene> {
  const policy = limitConn({ limit: 1, key: byHeader('X-API-Key'), logLevel: false, ...options })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy], server: settings })

  async function ask(...lines: string[]): Promise<Client> {
    const client = await server.connect()
    return client.write(['GET / HTTP/1.1', 'Host: t', ...lines, '', ''].join('\r\n'))
  }
  return { policy, zone: policy.zones[0]!, held, server, ask }
}

/** The keys that hold slots, with what the zone calls them. */
const keysIn = (zone: Zone): string[] =>
  zone
    .top(99)
    .filter(({ active }) => active > 0)
    .map(({ kind, key, active }) => `${active} ${kind} ${key}`)
    .toSorted()

describe('byHeader', () => {
  it('gives each value a limit of its own', async () => {
    const { zone, held, ask } = await scene({ limit: 2 })
    for (const value of ['a', 'b', 'a', 'b']) await ask(`X-API-Key: ${value}`)
    await held.arrived(4)

    expect(await (await ask('X-API-Key: a')).answer()).toBe(503)
    await ask('X-API-Key: c')
    await held.arrived(5)
    expect(keysIn(zone)).toEqual(['1 text c', '2 text a', '2 text b'])
    expect(zone.stats()).toMatchObject({ passed: 5, rejected: 1 })
  })

  it('reads the name in any case, and a value with its case', async () => {
    const { zone, held, ask } = await scene({})
    await ask('x-api-KEY: secret')
    await ask('X-Api-Key: Secret')
    await held.arrived(2)

    expect(await (await ask('x-api-key: secret')).answer()).toBe(503)
    expect(keysIn(zone)).toEqual(['1 text Secret', '1 text secret'])
  })

  it('K12: takes the first of duplicates, never the joined text', async () => {
    const { zone, held, ask } = await scene({})
    await ask('X-API-Key: a', 'X-API-Key: b')
    await ask('X-API-Key: b', 'X-Other: b')
    await held.arrived(2)

    expect(await (await ask('x-api-key: a', 'x-api-key: new')).answer()).toBe(503)
    expect(keysIn(zone)).toEqual(['1 text a', '1 text b'])
  })

  it('takes a value with commas as one key', async () => {
    const { zone, held, ask } = await scene({})
    await ask('X-API-Key: a, b')
    await ask('X-API-Key: a')
    await held.arrived(2)

    expect(await (await ask('X-API-Key: a, b')).answer()).toBe(503)
    expect(keysIn(zone)).toEqual(['1 text a', '1 text a, b'])
  })

  it.each<[what: string, lines: string[]]>([
    ['no such header', []],
    ['an empty value', ['X-API-Key:']],
    ['nothing but blanks', ['X-API-Key: \t ']],
    ['an empty first value', ['X-API-Key:', 'X-API-Key: a']],
    ['a name that only begins alike', ['X-API-Key-2: a', 'X-API: a']],
  ])('does not count a request with %s, or counts it under its address if told to', async (_what, lines) => {
    const skipping = await scene({})
    for (let i = 0; i < 3; i++) await skipping.ask(...lines)
    await skipping.held.arrived(3)
    expect(skipping.zone.stats()).toMatchObject({ skipped: 3, passed: 0, active: 0 })
    expect(skipping.held.waiting[0]!.req.limitConn).toBeUndefined()

    const counting = await scene({ key: byHeader('X-API-Key', { missing: 'address' }) })
    await counting.ask(...lines)
    await counting.held.arrived(1)
    expect(await (await counting.ask(...lines)).answer()).toBe(503)
    expect(keysIn(counting.zone)).toEqual(['1 address 127.0.0.1'])
    await counting.ask('X-API-Key: a')
    await counting.held.arrived(2)
  })

  it('A-34: takes latin1 bytes as they came', async () => {
    const { zone, held, ask } = await scene({})
    for (const value of ['caf\xe9', 'caf\xc3\xa9', 'cafe']) await ask(`X-API-Key: ${value}`)
    await held.arrived(3)

    expect(await (await ask('X-API-Key: caf\xe9')).answer()).toBe(503)
    expect(keysIn(zone)).toEqual(['1 text cafe', '1 text caf\xc3\xa9', '1 text caf\xe9'])
    expect(zone.count('café')).toBe(1)
  })

  it('A-35, F16: counts a value of 16 KB, and tells two of them apart by their last byte', async () => {
    const { zone, held, ask } = await scene({}, { maxHeaderSize: 65_536 })
    const long = 'k'.repeat(16_383)
    for (const last of ['a', 'b']) await ask(`X-API-Key: ${long}${last}`)
    await held.arrived(2)

    expect(await (await ask(`X-API-Key: ${long}b`)).answer()).toBe(503)
    expect(zone.top(9).map(({ kind }) => kind)).toEqual(['hash', 'hash'])
    expect(zone.count(`${long}a`)).toBe(1)
    expect(zone.count(`${long}c`)).toBe(0)
  })

  it.each([
    ['NUL', '\0', '\0'],
    ['NUL inside', 'a\0b', 'a\0b'],
    ['a control character', 'a\x01b', 'a\x01b'],
    ['DEL', 'a\x7f', 'a\x7f'],
    ['a vertical tab', '\x0b', '\x0b'],
    ['a folded line', 'a\r\n b', 'a b'],
    ['a line folded by a tab', 'a\r\n\tb', 'a\tb'],
    ['quotes', '"a\\', '"a\\'],
  ])('N44, F39: limits %s in a value where the parser lets it through', async (_what, sent, key) => {
    const { zone, held, ask } = await scene({}, { insecureHTTPParser: true })
    await ask(`X-API-Key: ${sent}`)
    await ask('X-API-Key: a')
    await held.arrived(2)

    expect(await (await ask(`X-API-Key: ${sent}`)).answer()).toBe(503)
    expect(keysIn(zone)).toEqual([`1 text ${key}`, '1 text a'].toSorted())
    expect(zone.count({ text: key })).toBe(1)
  })

  it('N44: counts nothing where the parser refuses the value', async () => {
    const { zone, held, ask } = await scene({})
    for (const value of ['a\0b', 'a\x01b']) {
      const client = await ask(`X-API-Key: ${value}`)
      expect(await client.answer()).toBe(400)
    }
    expect(held.runs).toBe(0)
    expect(zone.stats()).toMatchObject({ passed: 0, skipped: 0, active: 0 })
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'host'])(
    'F56: takes %s for a name and for a value',
    async (name) => {
      const { zone, held, ask } = await scene({ key: byHeader(name) })
      const lines = name === 'host' ? [] : [`${name}: ${name}`]
      await ask(...lines)
      await held.arrived(1)
      expect(await (await ask(...lines)).answer()).toBe(503)
      expect(keysIn(zone)).toEqual([`1 text ${name === 'host' ? 't' : name}`])
    },
  )

  it.each(['127.0.0.1', 'a:127.0.0.1', 't:127.0.0.1', '::ffff:127.0.0.1', '2001:db8::/56'])(
    'A-33: the value %s never meets an address, not in a shared zone either',
    async (value) => {
      const zone = new Zone({ name: 'shared' })
      const { held, ask } = await scene({ zone, key: byHeader('X-API-Key', { missing: 'address' }) })
      await ask(`X-API-Key: ${value}`)
      await held.arrived(1)
      expect(zone.count('127.0.0.1')).toBe(0)

      await ask()
      await held.arrived(2)
      expect(await (await ask(`X-API-Key: ${value}`)).answer()).toBe(503)
      expect(await (await ask()).answer()).toBe(503)
      expect(zone.count('127.0.0.1')).toBe(1)
      expect(zone.count({ text: value })).toBe(1)
      expect(keysIn(zone)).toEqual(['1 address 127.0.0.1', `1 text ${value}`].toSorted())
    },
  )

  it.each<[given: unknown[], code: string, option: string]>([
    ...['', 'a b', 'a:', 'a\r\nb', 'é', '$http_a', undefined, null, 5, ['a'], {}].map(
      (name): [unknown[], string, string] => [[name], 'INVALID_OPTION', 'byHeader name'],
    ),
    [['a', null], 'INVALID_OPTION', 'byHeader'],
    [['a', 'address'], 'INVALID_OPTION', 'byHeader'],
    [['a', { missing: 'reject' }], 'INVALID_OPTION', 'byHeader.missing'],
    [['a', { missing: null }], 'INVALID_OPTION', 'byHeader.missing'],
    [['a', { mising: 'skip' }], 'UNKNOWN_OPTION', 'byHeader.mising'],
  ])('throws for the arguments %p', (given, code, option) => {
    const misuse = (): unknown => byHeader(...(given as [string, ByHeaderOptions]))
    expect(misuse).toThrow(expect.objectContaining({ code: `ERR_LIMIT_CONN_${code}`, option }))
    expect(misuse).toThrow(`${option} is `)
  })
})

describe('A-33: two policies that meet the same key', () => {
  it('F30: count it apart, each to its own limit', async () => {
    const policies = [1, 2].map((limit) => limitConn({ limit, key: byHeader('x-api-key'), logLevel: false }))
    const held = new Held()
    const servers = await Promise.all(
      policies.map((policy) => serve(bare([policy], held.handler), { policies: [policy] })),
    )
    for (const server of [servers[0]!, servers[1]!, servers[1]!]) await server.get('/', { 'x-api-key': 'k' })
    await held.arrived(3)

    for (const server of servers) {
      const refused = await server.get('/', { 'x-api-key': 'k' })
      expect(await refused.answer()).toBe(503)
    }
    expect(policies.map(({ zones }) => zones[0]!.count('k'))).toEqual([1, 2])
  })

  it('count it together where they share a zone', async () => {
    const zone = new Zone({ name: 'shared' })
    const keys = [byHeader('x-api-key'), byHeader('x-api-key'), byIp()]
    const policies = keys.map((key) => limitConn({ limit: 2, key, zone, logLevel: false }))
    const held = new Held()
    const servers = await Promise.all(
      policies.map((policy) => serve(bare([policy], held.handler), { policies: [policy] })),
    )
    for (const server of servers) await server.get('/', { 'x-api-key': '127.0.0.1' })
    await held.arrived(3)

    for (const server of servers.slice(0, 2)) {
      const refused = await server.get('/', { 'x-api-key': '127.0.0.1' })
      expect(await refused.answer()).toBe(503)
    }
    await servers[2]!.get('/', { 'x-api-key': '127.0.0.1' })
    await held.arrived(4)
    expect(keysIn(zone)).toEqual(['2 address 127.0.0.1', '2 text 127.0.0.1'])
  })
})
