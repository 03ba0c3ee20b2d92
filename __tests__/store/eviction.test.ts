import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { limitServer, type Zone } from '../../lib/index.ts'
import { RedisZone } from '../../lib/redis.ts'
import { beatScript } from '../../lib/store/scripts.ts'
import { clientKinds, clientOf, type ClientKind } from '../helpers/redis/clients.ts'
import { commandAt, RedisServer } from '../helpers/redis/server.ts'
import { zoneName } from '../helpers/redis/wire.ts'
import { bare } from '../helpers/hosts.ts'
import { afterServers, listen, serve } from '../helpers/server.ts'
import { makeServer } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { ask, codesOf, ok, told } from '../helpers/told.ts'
import { until } from '../helpers/until.ts'

const code = 'WRN_LIMIT_CONN_EVICTION'
let redis: RedisServer

beforeAll(async () => {
  redis = await RedisServer.start()
})

afterEach(() => evictBy('noeviction', '0'))

async function evictBy(policy: string, maxmemory = '64mb'): Promise<void> {
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', policy)
  await redis.command('CONFIG', 'SET', 'maxmemory', maxmemory)
}

async function zoneAt(kind: ClientKind, url = redis.url): Promise<RedisZone> {
  const zone = new RedisZone({
    name: zoneName(),
    client: await clientOf(kind, { url }),
    commandTimeoutMs: 2_000,
  })
  afterServers(() => zone.close())
  return zone
}

/** What a policy with a zone warns of when three clients have come; each was decided on together with the others. */
async function warnedOf(zone: Zone, options: object = {}): Promise<string[]> {
  const { policy, lines } = told({ zone, ...options })
  const server = await serve(bare([policy], ok), { policies: [policy] })
  await ask({ policy, lines, server }, {}, 3)
  expect(zone.stats().passed).toBe(3)
  return lines
}

describe.each(clientKinds)('a Redis that may throw keys away, seen by %s', (kind) => {
  it.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])('is warned of once: %s', async (policy) => {
    await evictBy(policy)
    const lines = await warnedOf(await zoneAt(kind))
    expect(codesOf(lines)).toEqual([code])
    expect(lines[0]).toContain(`(maxmemory-policy ${policy})`)
  })

  it.each([
    ['with noeviction', 'noeviction', '64mb'],
    ['without an end of its memory', 'allkeys-lru', '0'],
  ])('is not one %s', async (_, policy, maxmemory) => {
    await evictBy(policy, maxmemory)
    expect(await warnedOf(await zoneAt(kind))).toEqual([])
  })
})

it('is told by a guard, too, and to each logger once', async () => {
  await evictBy('allkeys-lfu')
  const zone = await zoneAt('ioredis')
  const { lines } = told({})
  const logger = { warn: (line: string) => lines.push(line), error: () => undefined }
  const server = makeServer('net', new Held())
  const guard = limitServer(server, { limit: 10, zone, logger })
  const served = await listen(server, { policies: [guard], guard })
  for (let n = 1; n <= 3; n++) {
    await served.connect()
    await until('it is counted', () => zone.count('127.0.0.1') === n)
  }
  expect(codesOf(lines)).toEqual([code])
})

it('is silenced by its name', async () => {
  await evictBy('allkeys-lru')
  expect(await warnedOf(await zoneAt('ioredis'), { warnings: { eviction: false } })).toEqual([])
})

it('is not found out where nobody may ask, and the zone works all the same', async () => {
  await evictBy('allkeys-lru')
  await redis.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all', '-info')
  const url = redis.url.replace('redis://', 'redis://app:secret@')
  const beat = ['EVAL', beatScript.text, '1', 'limit-conn:a:instances', 'me', 'new', '1000']
  expect(await commandAt(url, ...beat)).toEqual([1, expect.any(String), 0])
  const zone = await zoneAt('node-redis', url)
  expect(await warnedOf(zone)).toEqual([])
  expect(await zone.countAll('127.0.0.1')).toBe(zone.count('127.0.0.1'))
})
