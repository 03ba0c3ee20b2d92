'use strict'

// Four workers that share a ClusterZone: each does what the test tells the primary to tell it.
const cluster = require('node:cluster')
const { subscribe } = require('node:diagnostics_channel')
const { EventEmitter } = require('node:events')
const { Limiter } = require('../../dist')
const { ClusterZone, shareZones } = require('../../dist/cluster.js')
const { diceOf } = require('./crowd/dice.js')

function work() {
  const zone = new ClusterZone({ name: 'crowd', commandTimeoutMs: Number(process.argv[2]) })
  const limiter = new Limiter({ zone, limit: 20, key: () => 'one' })
  const held = new Set()
  const listeners = process.listenerCount('message')
  /** Whether the primary is away, as it was told, in order. */
  const told = []
  subscribe('limit-conn:degraded', ({ degraded }) => told.push(degraded))

  async function open() {
    const source = new EventEmitter()
    const decision = await limiter.accept(source)
    if (decision.error) throw decision.error
    if (!decision.passed) return undefined
    held.add(source)
    process.send({ change: 1 })
    return source
  }

  function close(source) {
    held.delete(source)
    process.send({ change: -1 })
    source.emit('close')
  }

  const commands = {
    async open({ count }) {
      let passed = 0
      for (let n = 0; n < count; n++) if (await open()) passed++
      return passed
    },
    /** Opens and closes at random. */
    async churn({ opens, seed }) {
      const roll = diceOf(seed)
      let left = opens
      async function lane() {
        while (left-- > 0) {
          const source = await open()
          await new Promise((resolve) => setTimeout(resolve, roll() * 3))
          if (source) close(source)
        }
      }
      await Promise.all(Array.from({ length: 12 }, lane))
      return held.size
    },
    /** Opens until the primary was away and has come back. */
    async outlast() {
      while (told.at(-1) !== false) {
        await open()
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      return held.size
    },
    all: () => zone.countAll({ text: 'one' }),
    listeners: () => process.listenerCount('message') - listeners,
    leave: () => zone.close(),
  }
  async function obey({ id, name, ...options }) {
    if (id !== undefined) process.send({ id, result: await commands[name](options) })
  }
  process.on('message', (message) => void obey(message))
  process.send({ isReady: true })
}

const cell = { key: 'one', count: -5, wishes: [] }
const garbage = [
  1,
  'text',
  { 'limit-conn': 'question' },
  { 'limit-conn': { kind: 'question', id: 1 } },
  { 'limit-conn': { kind: 'question', id: 'x', body: { zone: 'crowd', what: 'write', cells: [cell] } } },
  { 'limit-conn': { kind: 'question', id: 'x', body: { zone: 'crowd', what: 'write', cells: null } } },
]

function lead() {
  shareZones()
  shareZones()
  const workers = Array.from({ length: 4 }, () => cluster.fork())
  let ready = 0
  let open = 0
  let most = 0
  cluster.on('message', (_worker, { id, result, change, isReady }) => {
    if (isReady && ++ready === workers.length) process.send('ready')
    if (change) most = Math.max(most, (open += change))
    if (id !== undefined) process.send(JSON.stringify({ id, result, most }))
  })
  for (const message of garbage) cluster.emit('message', workers[0], message)

  process.on('message', (text) => {
    const { id, worker, signal, busyMs, ...command } = JSON.parse(text)
    if (busyMs) for (const untilMs = Date.now() + busyMs; Date.now() < untilMs;);
    else if (signal) process.kill(workers[worker].process.pid, signal)
    else workers[worker].send({ id, ...command })
  })
  process.on('disconnect', () => process.exit())
}

if (cluster.isPrimary) lead()
else work()
