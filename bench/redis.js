'use strict'

// `npm run bench -- redis`: a limit over several processes, beside other ways to count by Redis, in one run.
const { answerOf, end, start } = require('./children.js')
const { measureCosts } = require('./redis-costs.js')
const { startRedis } = require('./redis-start.js')
const { summarize } = require('./statistics.js')

const ways = ['EVALSHA', 'redis-semaphore', 'limit-conn']
const servers = ['bare', ...ways]
/** Fresh for each figure, so that none pays for what another has left. */
const keys = 1_000

async function measureRedis(plan, cores, tell) {
  const redis = await startRedis(cores?.load)
  try {
    const { version } = await redis.info()
    const connections = await measureConnections(plan, { redis, cores, tell })
    const wishes = await measureWishes(plan, { redis, cores, tell })
    tell('redis: what one acquire and one renewal cost it')
    return { version, connections, wishes, costs: await measureCosts(plan, redis) }
  } finally {
    redis.end()
  }
}

/** Accepts a second and how long each waits, with few and with many at a time; each beside the bare one of its round. */
async function measureConnections(plan, { redis, cores, tell }) {
  const results = []
  for (const inFlight of plan.connectionsInFlight) {
    tell(`redis: connections, ${inFlight} at a time`)
    const rounds = await inTurn(plan.repetitions, servers, async (variant) => {
      await redis.client.flushall()
      return await measureServer({ variant, inFlight, plan }, { redis, cores })
    })
    results.push(...servers.map((variant) => connectionsOf(variant, inFlight, rounds)))
  }
  return results
}

async function measureServer({ variant, inFlight, plan }, { redis, cores }) {
  const server = start('redis-server.js', { variant, port: redis.port }, { core: cores?.server })
  let load
  try {
    const { warmUpConnections: warmUp, roundMs } = plan
    const task = { port: await answerOf(server), inFlight, warmUp, roundMs, addresses: 64 }
    load = start('redis-load.js', task, { core: cores?.load })
    const found = await answerOf(load)
    if (found.failed > 0) throw new Error(`${found.failed} connections failed with ${variant}`)
    return found
  } finally {
    await Promise.all([load, server].filter(Boolean).map(end))
  }
}

function connectionsOf(variant, inFlight, rounds) {
  const each = (figure) => summarize(rounds.map((round) => figure(round[variant], round.bare)))
  return {
    variant,
    inFlight,
    ratio: each((own, bare) => own.perSecond / bare.perSecond),
    perSecond: each((own) => own.perSecond),
    p50: each((own) => own.p50),
    p99: each((own) => own.p99),
    added: Object.fromEntries(
      ['p50', 'p99'].map((at) => [at, median(rounds.map(({ [variant]: own, bare }) => own[at] - bare[at]))]),
    ),
  }
}

/** Taking and giving back, without sockets: how often, and what it costs the process and Redis. */
async function measureWishes(plan, { redis, cores, tell }) {
  const results = []
  for (const inFlight of plan.wishesInFlight) {
    tell(`redis: wishes, ${inFlight} in flight`)
    const rounds = await inTurn(plan.repetitions, ways, async (variant) => {
      await redis.client.flushall()
      return await measureChild({ variant, inFlight, plan }, { redis, cores })
    })
    results.push(...ways.map((variant) => wishesOf(variant, inFlight, rounds)))
  }
  return results
}

async function measureChild({ variant, inFlight, plan }, { redis, cores }) {
  const { warmUpWishes: warmUp, roundMs } = plan
  const task = { variant, port: redis.port, inFlight, keys, warmUp, roundMs }
  const child = start('redis-child.js', task, { core: cores?.server })
  try {
    await answerOf(child)
    const before = await redis.info()
    const found = await answerOf(child, 'measure')
    return { ...found, redisUs: ((await redis.info()).cpuUs - before.cpuUs) / found.operations }
  } finally {
    await end(child)
  }
}

function wishesOf(variant, inFlight, rounds) {
  const each = (figure) => summarize(rounds.map((round) => figure(round[variant], round.EVALSHA)))
  return {
    variant,
    inFlight,
    ratio: each((own, naive) => own.perSecond / naive.perSecond),
    cpu: each((own, naive) => own.cpuUs / naive.cpuUs),
    redis: each((own, naive) => own.redisUs / naive.redisUs),
    perSecond: each((own) => own.perSecond),
    cpuUs: each((own) => own.cpuUs),
    redisUs: each((own) => own.redisUs),
  }
}

async function inTurn(repetitions, names, run) {
  const rounds = []
  for (let n = 0; n < repetitions; n++) {
    const round = {}
    for (const name of names) round[name] = await run(name)
    rounds.push(round)
  }
  return rounds
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

module.exports = { measureRedis }
