'use strict'

// A process, alone or one of a cluster, that makes two policies: what they warn of goes to stderr. With `redis` they share a
// zone.
const { randomUUID } = require('node:crypto')
const cluster = require('node:cluster')
const { Redis } = require('ioredis')
const { limitConn } = require('limit-conn')
const { RedisZone } = require('limit-conn/redis')

if (cluster.isPrimary && process.argv[2] !== 'alone') {
  cluster.fork()
} else if (process.argv[2] === 'redis') {
  const client = new Redis(process.env.REDIS_URL)
  const zone = new RedisZone({ name: `worker-${randomUUID()}`, client })
  for (let n = 0; n < 2; n++) limitConn({ limit: 1, zone })
  void zone
    .close()
    .then(() => client.disconnect())
    .finally(() => cluster.worker.disconnect())
} else {
  for (let n = 0; n < 2; n++) limitConn({ limit: 1 })
  cluster.worker?.disconnect()
}
