'use strict'

// Three ways to count by Redis: each takes a slot under a key, and answers with what gives it back.
const { createHash } = require('node:crypto')
const { EventEmitter } = require('node:events')
const { Redis } = require('ioredis')
const { Semaphore } = require('redis-semaphore')
const { Limiter } = require('../dist/index.js')
const { RedisZone } = require('../dist/redis.js')

/** Never reached. */
const limit = 1_000_000

const clientOf = (port) => new Redis(port, { enableOfflineQueue: true, maxRetriesPerRequest: 0 })

const takeScript = scriptOf(`
local count = redis.call('INCR', KEYS[1])
if count <= tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], 15000) return 1 end
redis.call('DECR', KEYS[1])
return 0`)
const giveBackScript = scriptOf(`return redis.call('DECR', KEYS[1])`)

/** The zone for a limit of a server. A busy machine may be late: that is measured, not cut off. */
function zoneOn(port) {
  return new RedisZone({ name: 'bench', client: clientOf(port), commandTimeoutMs: 10_000 })
}

const variants = {
  async 'limit-conn'(port) {
    const limiter = new Limiter({ zone: zoneOn(port), limit, key: ({ key }) => key })
    return async (key) => {
      const { passed, lease } = await limiter.accept(Object.assign(new EventEmitter(), { key }))
      if (!passed) throw new Error('refused')
      return () => lease.release()
    }
  },

  async EVALSHA(port) {
    const client = clientOf(port)
    for (const { text } of [takeScript, giveBackScript]) await client.script('LOAD', text)
    return async (key) => {
      if ((await client.evalsha(takeScript.sha, 1, key, limit)) !== 1) throw new Error('refused')
      return () => client.evalsha(giveBackScript.sha, 1, key)
    }
  },

  async 'redis-semaphore'(port) {
    const client = clientOf(port)
    return async (key) => {
      const semaphore = new Semaphore(client, key, limit)
      await semaphore.acquire()
      return () => semaphore.release()
    }
  },
}

function scriptOf(text) {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

module.exports = { clientOf, limit, variants, zoneOn }
