import type { ZoneOptions } from '../core/zone-options.ts'
import { checkZone, zoneChecks } from '../core/zone-options.ts'
import { invalid, oneOf, whole, type Checks } from '../options/check.ts'
import type { OnStoreError } from './own-share.ts'
import { takeName } from './names.ts'
import { runnerOf, type RedisClient } from './redis-client.ts'
import { RedisStore } from './redis-store.ts'
import { SharedZone } from './shared-zone.ts'

export interface RedisZoneOptions extends ZoneOptions {
  /** Your client, of ioredis or node-redis; or anything that sends a command. It stays yours: the zone never closes it. */
  readonly client: RedisClient
  /** After how long the slots of a process that has died are free, in milliseconds, 200 to 3,600,000. @default 15_000 */
  readonly ttlMs?: number
  /** How often each process writes all its slots again, in milliseconds, 100 to half of `ttlMs`. @default 5_000 */
  readonly syncMs?: number
  /** How long a decision waits for Redis at most, in milliseconds, 1 to 10,000. @default 100 */
  readonly commandTimeoutMs?: number
  /**
   * What a process does while Redis is away. `'local'`: it lets in its share of each limit, which is the limit divided by the
   * number of processes. `'reject'`: it lets nobody new in. `'pass'`: it lets in as many as the limit is; insecure, for each does so.
   * @default 'local'
   */
  readonly onStoreError?: OnStoreError
  /** How many processes there are, 1 to 65,536, for their shares. @default as many as were seen last */
  readonly instances?: number
}

const aDefault = { ttlMs: 15_000, syncMs: 5_000, commandTimeoutMs: 100, onStoreError: 'local' } as const
const checks: Checks = {
  ...zoneChecks,
  client: (value, path) => runnerOf(value, path),
  ttlMs: whole(200, 3_600_000, 'a whole number of milliseconds from 200 to 3600000'),
  syncMs: whole(100, 1_800_000, 'a whole number of milliseconds from 100 to half of ttlMs'),
  commandTimeoutMs: whole(1, 10_000, 'a whole number of milliseconds from 1 to 10000'),
  onStoreError: oneOf<OnStoreError>('local', 'reject', 'pass'),
  instances: whole(1, 65_536, 'a whole number from 1 to 65536'),
}

/**
 * A zone that all processes with a zone of this name share, by one Redis or Valkey: a single one, Sentinel or Cluster. It goes
 * wherever a zone goes; decisions wait for Redis.
 *
 * ```ts
 * const zone = new RedisZone({ name: 'addr', client }) // yours, of ioredis or node-redis
 * app.use(limitConn({ zone, limit: 10 }))
 * ```
 *
 * While Redis answers, no key ever has more slots than its limit, over all processes. What happens else: docs/cluster.md.
 *
 * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION, ERR_LIMIT_CONN_UNKNOWN_OPTION; ERR_LIMIT_CONN_DUPLICATE_NAME for a
 * second zone of one name on one client
 */
export class RedisZone extends SharedZone {
  constructor(options: RedisZoneOptions)
  constructor(options: RedisZoneOptions, ...rest: readonly unknown[]) {
    const { client, ...checked } = checkZone<RedisZoneOptions>(options, checks)
    const { ttlMs, syncMs, commandTimeoutMs, onStoreError, instances, ...zone } = { ...aDefault, ...checked }
    const runner = client as unknown as ReturnType<typeof runnerOf> | undefined
    if (!runner) throw invalid('zone.client', client, 'a client of ioredis or redis, or { sendCommand }')
    if (syncMs > ttlMs / 2)
      throw invalid(
        'zone.syncMs',
        syncMs,
        `at most half of ttlMs, which is ${ttlMs}: what is not written again lapses`,
      )

    const [identity] = rest as readonly [ConstructorParameters<typeof RedisStore>[2]['identity']]
    const store = new RedisStore(zone.name, runner, { ttlMs, ...(identity && { identity }) })
    super({
      zone,
      giveUpName: takeName(options.client, zone.name),
      store,
      ledger: { ttlMs, syncMs, commandTimeoutMs, onStoreError, instances },
    })
    store.onEviction = (policy) => (this.share.warning = warningOf(policy))
  }
}

function warningOf(policy: string): string {
  const advice = 'set maxmemory-policy noeviction, or give it a Redis of its own'
  return `Redis may throw away what is counted there (maxmemory-policy ${policy}), and let clients in above their limit; ${advice}`
}
