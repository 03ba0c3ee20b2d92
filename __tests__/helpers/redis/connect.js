'use strict'

const { Cluster, Redis } = require('ioredis')
const { createClient, createCluster, createSentinel } = require('redis')

// The clients of Redis as docs/cluster.md has them: no offline queue, no second try of a command, quick to come back.

/** How long to wait before it connects again, in milliseconds. */
const againMs = (times) => Math.min(50 * times, 500)

const ioredisOptions = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  connectTimeout: 1_000,
  retryStrategy: againMs,
}

const nodeRedisOptions = {
  disableOfflineQueue: true,
  socket: { connectTimeout: 1_000, reconnectStrategy: againMs },
}

/**
 * A place is `{ url }`, `{ cluster: [port, ...] }` or `{ sentinel: port, name }`.
 * An ioredis client connects by itself; it is `lazy` so that one can wait for it.
 */
const makers = {
  ioredis({ url, cluster, sentinel, name }) {
    if (cluster) {
      const nodes = cluster.map((port) => ({ host: '127.0.0.1', port }))
      const { retryStrategy, ...redisOptions } = ioredisOptions
      // With its offline queue: without, a command to a node that is just being connected to waits for 100 ms.
      return new Cluster(nodes, { clusterRetryStrategy: retryStrategy, lazyConnect: true, redisOptions })
    }
    if (sentinel) {
      const sentinels = [{ host: '127.0.0.1', port: sentinel }]
      return new Redis({
        ...ioredisOptions,
        sentinels,
        name,
        sentinelRetryStrategy: againMs,
        lazyConnect: true,
      })
    }
    return new Redis(url, { ...ioredisOptions, lazyConnect: true })
  },

  'node-redis'({ url, cluster, sentinel, name }) {
    if (cluster) {
      const rootNodes = cluster.map((port) => ({ url: `redis://127.0.0.1:${port}` }))
      return createCluster({ rootNodes, defaults: nodeRedisOptions })
    }
    if (sentinel) {
      const sentinelRootNodes = [{ host: '127.0.0.1', port: sentinel }]
      return createSentinel({ name, sentinelRootNodes, nodeClientOptions: nodeRedisOptions })
    }
    return createClient({ url, ...nodeRedisOptions })
  },
}

/** Makes a client of one kind, which has connected, or has found nobody to connect to and goes on trying. */
async function connect(kind, place) {
  const client = makers[kind](place)
  const hasFailed = new Promise((resolve) => client.on('error', resolve))
  await Promise.race([client.connect().catch(() => undefined), hasFailed])
  return client
}

/** Ends a client at once. */
async function disconnect(client) {
  if (client instanceof Redis || client instanceof Cluster) client.disconnect()
  else if (client.isOpen) await client.destroy()
}

module.exports = { connect, disconnect }
