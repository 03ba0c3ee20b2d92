import { describe, expect, it } from '@jest/globals'
import { byHeader, byIp, limitConn, Zone, type LimitConn, type LimitConnOptions } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve, type Served } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

interface Full {
  readonly zone: Zone
  readonly policy: LimitConn
  readonly held: Held
  readonly server: Served
  /** Who holds the zone full: one connection under each of a, b and c. */
  readonly clients: Client[]
  readonly ask: (key: string) => Promise<Client>
}

const key = byHeader('x-api-key')

/** A zone with room for three keys, each of which may hold two slots; and it is full. */
async function full(onFull: 'reject' | 'pass', options: Partial<LimitConnOptions> = {}): Promise<Full> {
  const zone = new Zone({ name: 'full', max: 3, onFull })
  const limits = options.limits ? {} : { limit: 2, zone, key }
  const policy = limitConn({ ...limits, logLevel: false, ...options } as LimitConnOptions)
  return fill(zone, policy)
}

async function fill(zone: Zone, policy: LimitConn): Promise<Full> {
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy] })
  const ask = (value: string): Promise<Client> => server.get('/', { 'x-api-key': value })
  const clients = [await ask('a'), await ask('b'), await ask('c')]
  await held.arrived(3)
  return { zone, policy, held, server, clients, ask }
}

const counts = (zone: Zone): number[] => ['a', 'b', 'c', 'd'].map((name) => zone.count(name))

describe.each(['connections', 'requests'] as const)(
  'A-40: a zone full of live keys, counting %s',
  (count) => {
    it.each(['reject', 'pass'] as const)('limits the keys it knows exactly, onFull %s', async (onFull) => {
      const { zone, held, ask } = await full(onFull, { count })
      for (const name of ['a', 'b', 'c']) await ask(name)
      await held.arrived(6)

      for (const name of ['a', 'b', 'c']) expect(await (await ask(name)).answer()).toBe(503)
      expect(counts(zone)).toEqual([2, 2, 2, 0])
      expect(zone.stats()).toMatchObject({ passed: 6, rejected: 3, exhausted: 0, keys: 3, active: 6 })
    })

    it('F40, F46: rejects a new key, counted as exhausted and not as rejected', async () => {
      const { zone, held, ask } = await full('reject', { count })
      for (const name of ['d', 'e', 'd']) expect(await (await ask(name)).answer()).toBe(503)

      expect(held.runs).toBe(3)
      expect(counts(zone)).toEqual([1, 1, 1, 0])
      expect(zone.stats()).toMatchObject({ passed: 3, rejected: 0, rejectedDryRun: 0, exhausted: 3, keys: 3 })
    })

    it('passes a new key without a slot, counted as exhausted, where onFull is pass', async () => {
      const { zone, held, ask } = await full('pass', { count })
      for (let i = 0; i < 3; i++) await ask('d')
      await held.arrived(6)

      expect(held.waiting[5]!.req.limitConn).toEqual({ status: 'PASSED', zone: 'full', limit: 2, active: 0 })
      expect(counts(zone)).toEqual([1, 1, 1, 0])
      expect(zone.stats()).toMatchObject({
        passed: 3,
        rejected: 0,
        rejectedDryRun: 0,
        exhausted: 3,
        active: 3,
      })
    })

    it('passes a new key without a slot in a dry run, and says that it would be rejected', async () => {
      const { zone, held, ask } = await full('reject', { count, dryRun: true })
      await ask('d')
      await held.arrived(4)

      expect(held.waiting[3]!.req.limitConn).toEqual({
        status: 'REJECTED_DRY_RUN',
        zone: 'full',
        limit: 2,
        active: 0,
      })
      expect(counts(zone)).toEqual([1, 1, 1, 0])
      expect(zone.stats()).toMatchObject({
        passed: 3,
        rejected: 0,
        rejectedDryRun: 0,
        exhausted: 1,
        active: 3,
      })
    })

    it('says in a dry run that a new key would pass, where onFull is pass', async () => {
      const { zone, held, ask } = await full('pass', { count, dryRun: true })
      await ask('d')
      await held.arrived(4)

      expect(held.waiting[3]!.req.limitConn).toMatchObject({ status: 'PASSED' })
      expect(zone.stats()).toMatchObject({ rejected: 0, rejectedDryRun: 0, exhausted: 1, active: 3 })
    })

    it('counts known keys above the limit in a dry run, though it is full', async () => {
      const { zone, held, ask } = await full('reject', { count, dryRun: true })
      for (let i = 0; i < 3; i++) await ask('a')
      await held.arrived(6)

      expect(counts(zone)).toEqual([4, 1, 1, 0])
      expect(zone.stats()).toMatchObject({ passed: 4, rejectedDryRun: 2, exhausted: 0 })
    })

    it('has room again for one new key when one key has left', async () => {
      const { zone, held, clients, ask } = await full('reject', { count })
      await ask('b')
      await held.arrived(4)
      clients[1]!.destroy()
      await until('one slot of b is free', () => zone.count('b') === 1)
      expect(await (await ask('d')).answer()).toBe(503)

      clients[0]!.destroy()
      await until('a has left', () => zone.count('a') === 0)
      await ask('d')
      await held.arrived(5)
      expect(await (await ask('a')).answer()).toBe(503)
      expect(counts(zone)).toEqual([0, 1, 1, 1])
      expect(zone.stats()).toMatchObject({ passed: 5, rejected: 0, exhausted: 2, keys: 3 })
    })

    it('takes nothing in the other zones of a policy that it makes reject', async () => {
      const zone = new Zone({ name: 'full', max: 3 })
      const other = new Zone({ name: 'address' })
      const limits = [
        { zone: other, key: byIp(), limit: 100 },
        { zone, key, limit: 2 },
      ]
      const { ask } = await fill(zone, limitConn({ limits, count, logLevel: false }))
      expect(await (await ask('d')).answer()).toBe(503)

      expect(other.count('127.0.0.1')).toBe(3)
      expect(other.stats()).toMatchObject({ passed: 3, rejected: 0, exhausted: 0 })
      expect(zone.stats()).toMatchObject({ passed: 3, rejected: 0, exhausted: 1 })
    })
  },
)

describe('A-40: a zone full of live keys', () => {
  it('serves its connections on, request after request', async () => {
    const { zone, held, clients, ask } = await full('reject')
    held.release()
    for (const [index, client] of clients.entries()) {
      expect(await client.answer(1)).toBe(200)
      client.get('/', { 'x-api-key': 'abc'[index]! })
    }
    await held.arrived(3)
    expect(await (await ask('d')).answer()).toBe(503)
    expect(counts(zone)).toEqual([1, 1, 1, 0])
  })

  it('tells in the log that there is no room, and never the key', async () => {
    const lines: string[] = []
    const logger = { error: (line: string) => lines.push(line) }
    const { ask } = await full('reject', { logLevel: 'error', logger, warnings: false })
    expect(await (await ask('secret-of-d')).answer()).toBe(503)

    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^no room for a new key in limit_conn_zone "full", client: 127\.0\.0\.1, /)
    expect(lines[0]).not.toContain('secret-of-d')
  })

  it('leaves requests without a key alone', async () => {
    const { zone, held, server } = await full('reject')
    await server.get()
    await held.arrived(4)
    expect(zone.stats()).toMatchObject({ skipped: 1, exhausted: 0 })
  })
})
