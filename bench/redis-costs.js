'use strict'

// What Redis does for one acquire and release, and for one renewal: commands, bytes and CPU, read from INFO before and after.
// The cells are written by the store that zones have, as processes of their own identity would, from this one process.
const { setTimeout: pause } = require('node:timers/promises')
const { Limiter } = require('../dist/index.js')
const { RedisZone } = require('../dist/redis.js')
const { runnerOf } = require('../dist/store/redis-client.js')
const { RedisStore } = require('../dist/store/redis-store.js')
const { passedBetween } = require('./redis-start.js')
const { summarize } = require('./statistics.js')
const { EventEmitter } = require('node:events')

const ttlMs = 600_000

async function measureCosts(plan, redis) {
  const rounds = []
  for (let n = 0; n < plan.repetitions; n++) {
    await redis.client.flushall()
    rounds.push({
      pair: await measurePairs(plan, redis),
      ...(await measureRenewals(plan, redis)),
    })
  }
  const names = Object.keys(rounds[0])
  return Object.fromEntries(names.map((name) => [name, summaryOf(rounds.map((round) => round[name]))]))
}

/** One after the other, each under a key of its own: nothing goes together that came at different times. */
async function measurePairs({ pairs }, redis) {
  const zone = new RedisZone({ name: 'pairs', client: redis.client, commandTimeoutMs: 10_000 })
  const limiter = new Limiter({ zone, limit: 10, key: ({ key }) => key })
  await comeAndGo(limiter, 100)
  const before = await redis.info()
  await comeAndGo(limiter, pairs)
  const spent = passedBetween(before, await redis.info())
  await zone.close()
  return each(spent, pairs)
}

async function comeAndGo(limiter, times) {
  for (let n = 0; n < times; n++) {
    const { lease } = await limiter.accept(Object.assign(new EventEmitter(), { key: `of-${times}-${n}` }))
    lease.release()
  }
  await pause(50)
}

/**
 * So many identities with so many cells each, two cells under each key, written again as a sync does: on one Redis in
 * commands of 200 keys, and as on a Cluster, where keys of one command must have one tag.
 */
async function measureRenewals({ identities, cellsOfEach }, redis) {
  const empty = (await redis.info()).memory
  const single = await renew(storesOf(identities, runnerOf(redis.client, 'client')), cellsOfEach, redis)
  const memory = ((await redis.info()).memory - empty) / (identities * cellsOfEach)

  const onCluster = {
    isCluster: true,
    evalsha: redis.client.evalsha.bind(redis.client),
    eval: redis.client.eval.bind(redis.client),
  }
  const cluster = await renew(storesOf(identities, runnerOf(onCluster, 'client')), cellsOfEach, redis)
  return {
    single: { ...single, memory },
    cluster,
    beat: await beat(storesOf(1_000, runnerOf(redis.client, 'client')), redis),
  }
}

function storesOf(count, runner) {
  return Array.from({ length: count }, () => new RedisStore('scale', runner, { ttlMs }))
}

async function renew(stores, cellsOfEach, redis) {
  await writeAll(stores, cellsOfEach)
  const before = await redis.info()
  await writeAll(stores, cellsOfEach)
  const spent = passedBetween(before, await redis.info())
  return { ...each(spent, spent.cells), keysOfCommand: spent.cells / spent.scripts }
}

async function writeAll(stores, cellsOfEach) {
  const keyCount = (stores.length * cellsOfEach) / 2
  for (const [index, store] of stores.entries()) {
    const keys = Array.from(
      { length: cellsOfEach },
      (_, n) => `client-${(index * cellsOfEach + n) % keyCount}`,
    )
    for (const batch of store.batches(keys))
      await store.write(batch.map((key) => ({ key, count: 1, wishes: [] })))
  }
}

async function beat(stores, redis) {
  for (const store of stores) await store.beat()
  const before = await redis.info()
  for (const store of stores) await store.beat()
  return each(passedBetween(before, await redis.info()), stores.length)
}

function each({ scripts, bytesIn, bytesOut, cpuUs }, count) {
  return {
    commands: scripts / count,
    bytesIn: bytesIn / count,
    bytesOut: bytesOut / count,
    cpuUs: cpuUs / count,
  }
}

function summaryOf(rounds) {
  const names = Object.keys(rounds[0])
  return Object.fromEntries(names.map((name) => [name, summarize(rounds.map((round) => round[name]))]))
}

module.exports = { measureCosts }
