import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { limitConn, Limiter, type Decision, type Source } from 'limit-conn'
import { RedisZone } from 'limit-conn/redis'

// The clients that users have are taken as they are.
const clients = [
  new Redis({ lazyConnect: true }),
  new Cluster([{ host: '127.0.0.1' }], { lazyConnect: true }),
  createClient(),
  createCluster({ rootNodes: [] }),
] as const
const zones = clients.map((client, i) => new RedisZone({ name: `zone-${i}`, client }))
export const policies = zones.map((zone) => limitConn({ zone, limit: 10 }))

const limiter = new Limiter({ zone: new RedisZone({ name: 'jobs', client: clients[0] }), limit: 1 })
export async function accept(source: Source): Promise<Decision> {
  const answer: Promise<Decision> = limiter.accept(source)
  return await answer
}
// @ts-expect-error nobody can send a command by it
export const none: unknown = new RedisZone({ name: 'none', client: { get: () => undefined } })
