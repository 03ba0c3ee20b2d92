'use strict'

// One of several processes that share a zone: it does what it is told over IPC, and writes down each connection that it
// lets in and each that ends, so that others know how many were open even if it is killed.
const { subscribe } = require('node:diagnostics_channel')
const { openSync, writeSync } = require('node:fs')

const settings = JSON.parse(process.argv[2])
const { client: clientKind, place, limit, zone: zoneOptions, log, carrier = 'emitters', fake = {} } = settings

if (fake.dateMs)
  Date.now = (
    (now) => () =>
      now() + fake.dateMs
  )(Date.now)
if (fake.identity) require('./same-identity.js')(fake.identity)

const { RedisZone } = require('../../../dist/redis.js')
const { connect, disconnect } = require('./connect.js')
const { diceOf } = require('../crowd/dice.js')

const file = openSync(log, 'a')
const record = Buffer.alloc(16)

/** Writes down that one more is open under a key, or one less, by the clock that all processes share. */
function note(key, change) {
  record.writeBigInt64LE(process.hrtime.bigint())
  record.writeInt32LE(change, 8)
  record.writeInt32LE(key, 12)
  writeSync(file, record)
}

let zone
let client
let opener
/** What is open, by the number of its key. */
const held = new Map()
/** When the store went and came. */
const degraded = []

const heldUnder = (key) => held.get(key) ?? held.set(key, new Set()).get(key)

/** Tries to open one; answers whether it was let in, and how long the answer took. */
async function openOne(key) {
  const sinceMs = performance.now()
  const close = await opener.open(key)
  const tookMs = performance.now() - sinceMs
  if (close) heldUnder(key).add(close)
  return { close, tookMs }
}

async function closeOne(key, close) {
  heldUnder(key).delete(close)
  await close()
}

function summary(decisions) {
  const took = decisions.map(({ tookMs }) => tookMs).toSorted((one, other) => one - other)
  const passed = decisions.filter(({ close }) => close).length
  const quantile = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))]
  return {
    passed,
    rejected: took.length - passed,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    maxMs: took.at(-1),
  }
}

const commands = {
  /** Opens some at one time, or one after the other, and holds those that are let in. */
  async open({ count, key = 0, inTurn = false }) {
    if (!inTurn) return summary(await Promise.all(Array.from({ length: count }, () => openOne(key))))
    const decisions = []
    for (let n = 0; n < count; n++) decisions.push(await openOne(key))
    return summary(decisions)
  },

  /** Tries again and again for a while, and holds those that are let in. */
  async flood({ forMs, key = 0, atOnce = 4, pauseMs = 2 }) {
    const decisions = []
    const untilMs = performance.now() + forMs
    async function lane() {
      while (performance.now() < untilMs) {
        decisions.push(await openOne(key))
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
    return summary(decisions)
  },

  /** Opens and closes at random, and rests after a refusal; what is open at the end is closed. */
  async churn({ opens = Infinity, forMs = Infinity, keys = 1, atOnce = 16, holdMs = 4, restMs = 0, seed }) {
    const roll = diceOf(seed)
    const below = (count) => Math.floor(roll() * count)
    const decisions = []
    const untilMs = performance.now() + forMs
    let left = opens
    async function lane() {
      while (left-- > 0 && performance.now() < untilMs) {
        const key = below(keys)
        const one = await openOne(key)
        decisions.push(one)
        await pause(one.close ? below(holdMs + 1) : restMs)
        if (one.close) await closeOne(key, one.close)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
    return summary(decisions)
  },

  async close({ count = Infinity, key = 0 }) {
    const chosen = [...heldUnder(key)].slice(0, count)
    await Promise.all(chosen.map((close) => closeOne(key, close)))
    return chosen.length
  },

  /** Keeps the process busy: no timer runs, and no reply is read. */
  busy({ forMs }) {
    const untilMs = performance.now() + forMs
    while (performance.now() < untilMs);
  },

  state({ key = 0 }) {
    return { held: heldUnder(key).size, count: zone.count(opener.keyOf(key)), degraded, stats: zone.stats() }
  },

  async countAll({ key = 0 }) {
    try {
      return await zone.countAll(opener.keyOf(key))
    } catch (error) {
      if (error.code !== 'ERR_LIMIT_CONN_STORE') throw error
      return 'not known'
    }
  },

  /** Gives everything back, and leaves. */
  async leave() {
    for (const key of held.keys()) await commands.close({ key })
    await zone.close()
    await opener.stop()
    await disconnect(client)
  },
}

/** A turn of the event loop, or some milliseconds. */
function pause(ms) {
  return new Promise((resolve) => (ms > 0 ? setTimeout(resolve, ms) : setImmediate(resolve)))
}

async function answer(message) {
  const { id, name, ...options } = JSON.parse(message)
  try {
    process.send({ id, result: await commands[name](options) })
  } catch (error) {
    process.send({ id, error: error.stack })
  }
  if (name === 'leave') process.disconnect()
}

async function main() {
  client = await connect(clientKind, place)
  subscribe('limit-conn:degraded', ({ degraded: isAway, reason }) =>
    degraded.push({ isAway, reason, atMs: Math.round(performance.now()) }),
  )
  zone = new RedisZone({ ...zoneOptions, client })
  opener = await require('./carriers.js')[carrier]({ zone, limit, note })
  process.on('message', (message) => void answer(message))
  process.send({ id: 0, result: 'ready' })
}

void main()
