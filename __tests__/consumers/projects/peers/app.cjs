'use strict'

// Two zones of one name on two clients, as two processes have them: together they let in what the limit says.
const { EventEmitter } = require('node:events')
const ioredis = require('ioredis')
const { createClient } = require('redis')
const { Limiter } = require('limit-conn')
const { RedisZone } = require('limit-conn/redis')

// The first of its line is the class itself.
const Redis = 'Redis' in ioredis ? ioredis.Redis : ioredis
const [, , url, name] = process.argv

async function main() {
  const one = new Redis(url)
  const other = createClient({ url })
  await other.connect()
  const zones = [one, other].map((client) => new RedisZone({ name, client, commandTimeoutMs: 5_000 }))

  const passed = []
  for (const zone of [...zones, ...zones]) {
    const limiter = new Limiter({ zone, limit: 3, key: () => 'all' })
    const decision = await limiter.accept(new EventEmitter())
    passed.push(decision.passed)
  }
  console.log(JSON.stringify({ passed, all: await zones[0].countAll({ text: 'all' }) }))

  for (const zone of zones) await zone.close()
  await Promise.all([one.quit(), other.quit()])
}

void main()
