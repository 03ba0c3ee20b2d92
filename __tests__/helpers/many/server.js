'use strict'

// A process with a server on which many connections stand, with a guard or bare. It tells what they cost. Needs --expose-gc.
const { readFileSync } = require('node:fs')
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const path = require('node:path')
const { setTimeout: elapse } = require('node:timers/promises')
const { limitServer } = require('../../../dist')
const { Connection } = require('../../../dist/connection/connection.js')
const { Sweep } = require('../../../dist/connection/sweep.js')

const { kind, count, isGuarded } = JSON.parse(process.argv[2])
const tls = (name) => readFileSync(path.join(__dirname, '../tls', name))
const kinds = {
  net: () => net.createServer((socket) => socket.on('error', () => undefined).resume()),
  http: () => http.createServer(stream),
  https: () => https.createServer({ key: tls('key.pem'), cert: tls('cert.pem') }, stream),
}
const never = { everyMs: 86_400_000, graceMs: 86_400_000 }

const server = kinds[kind]()
const guard = isGuarded
  ? limitServer(server, { limit: 1_000_000, sweep: never, warnings: { oneKey: false } })
  : undefined
const sockets = []
server.on('connection', (socket) => sockets.push(socket))

/** Begins to answer, and never goes on. */
function stream(_req, res) {
  res.writeHead(200).write('hello')
}

/** Waits until all are there. */
async function filled() {
  while (sockets.length < count) await elapse(10)
  return { active: guard?.zones[0].stats().active }
}

/** The memory in use. */
async function memory() {
  for (let n = 0; n < 3; n++) globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** What each of some sweeps over all of them took, and the longest that other work waited for a turn. */
async function sweeps() {
  const sweep = new Sweep(never)
  for (const socket of sockets) sweep.watch(Connection.of(socket))
  const runs = []
  for (let n = 0; n < 12; n++) {
    runs.push(await measure(() => sweep.run()))
    await elapse(100)
  }
  return runs
}

async function measure(work) {
  const longest = { cpuMs: 0, wallMs: 0 }
  const start = now()
  let last = start
  let isDone = false

  function turn() {
    const [before, at] = [last, (last = now())]
    for (const clock in at) longest[clock] = Math.max(longest[clock], at[clock] - before[clock])
    if (!isDone) setImmediate(turn)
  }
  setImmediate(turn)
  await work()
  isDone = true
  return { cpuMs: now().cpuMs - start.cpuMs, longest }
}

/** The time of this process: what other processes take is not in it; and that of the wall. */
function now() {
  const { user, system } = process.cpuUsage()
  return { cpuMs: (user + system) / 1_000, wallMs: performance.now() }
}

/**
 * The part of a core that the process takes while the guard sweeps as often as by default: once in each window. V8
 * tidies up after the connections came in one or two of them, and a busy machine adds to any: the least is the sweep's.
 */
async function share() {
  const idle = await busyPart(5_000)
  guard.setConfig({ sweep: { everyMs: 5_000, graceMs: 30_000 } })
  await elapse(2_500)
  const windows = []
  for (let n = 0; n < 5; n++) windows.push(await busyPart(5_000))
  guard.setConfig({ sweep: never })
  return { idle, swept: Math.min(...windows) }
}

async function busyPart(ms) {
  const before = process.cpuUsage()
  await elapse(ms)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (ms * 1_000)
}

const questions = { filled, memory, sweeps, share }
process.on('message', (question) => void questions[question]().then((answer) => process.send(answer)))
process.on('disconnect', () => process.exit())
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => process.send(server.address().port))
