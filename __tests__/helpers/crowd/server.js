'use strict'

// A process with a server on http and one on https, each with a guard, a middleware on the guard's zone, and WebSockets.
// It is asked how it is; what it counts must be what it has open. Needs --expose-gc.
const { readdirSync, readFileSync } = require('node:fs')
const http = require('node:http')
const https = require('node:https')
const path = require('node:path')
const { setTimeout: elapse } = require('node:timers/promises')
const { WebSocketServer } = require('ws')
const { limitConn, limitServer, limitUpgrade, Zone } = require('../../../dist')
const { fewAddress, fewLimit } = require('./places.js')

const { sweep } = JSON.parse(process.argv[2])
const manyBytes = Buffer.alloc(400_000, 'x')
const patienceMs = 15_000
/** What nobody expects: warnings of Node, errors that nobody caught, lines of a logger. */
const surprises = []
const listeners = new Set()
setInterval(tellListeners, 100)

process.on('warning', ({ name, message }) => surprises.push(`${name}: ${message}`))
process.on('uncaughtException', ({ stack }) => surprises.push(stack))
process.on('unhandledRejection', (reason) => surprises.push(`unhandled: ${String(reason)}`))

const routes = {
  '/': (_req, res) => res.end('ok\n'),
  '/events': (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: hello\n\n')
    listeners.add(res)
  },
  '/many': (_req, res) => res.end(manyBytes),
  '/upload': (req, res) => req.resume().on('end', () => res.end('stored\n')),
  // Of a client that leaves meanwhile Node tells nothing.
  '/unread': (req) => req.setTimeout(1_000, () => req.destroy()),
}

/** A response behind another on its connection is not told when the connection closes: it is asked. */
function tellListeners() {
  for (const res of listeners) {
    if (res.closed || res.req.socket.destroyed) listeners.delete(res)
    else res.write('data: tick\n\n')
  }
}

function guarded(name, server, reject) {
  const zone = new Zone({ name })
  const common = {
    limit: ({ remoteAddress, socket }) =>
      (remoteAddress ?? socket?.remoteAddress) === fewAddress ? fewLimit : 100_000,
    logger: { error: (line) => /limiting connections by zone/.test(line) || surprises.push(line) },
    sweep,
    warnings: { oneKey: false },
  }
  const guard = limitServer(server, { ...common, zone, reject })
  const middleware = limitConn({ ...common, zone })
  const upgrade = takeUpgrades(server, common)

  server.on('request', (req, res) => middleware(req, res, () => routes[req.url](req, res)))
  server.on('clientError', (_error, socket) => socket.destroy())
  return { server, policies: [guard, middleware, upgrade] }
}

/** WebSockets that echo; the application ignores all other upgrades. */
function takeUpgrades(server, common) {
  const webSockets = new WebSocketServer({ noServer: true })
  webSockets.on('connection', (webSocket) => {
    webSocket.on('error', () => undefined)
    webSocket.on('message', (message) => webSocket.send(message))
  })

  const upgrade = limitUpgrade(common, (req, socket, head) => {
    if (req.url !== '/ws') return
    webSockets.handleUpgrade(req, socket, head, (webSocket) => webSockets.emit('connection', webSocket))
  })
  server.on('upgrade', upgrade)
  return upgrade
}

const times = { keepAliveTimeout: 60_000 }
const tls = (name) => readFileSync(path.join(__dirname, '../tls', name))
const guards = [
  guarded('http', http.createServer(times), 'respond'),
  guarded('https', https.createServer({ ...times, key: tls('key.pem'), cert: tls('cert.pem') }), 'destroy'),
]

/** What the guard counts, and what the server has open. */
async function countOf({ server, policies }) {
  const open = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
  const [{ active }] = policies[0].zones.map((zone) => zone.stats())
  return { active, open }
}

/** Asks until an answer is as it should be, and answers it; or what it is after a while. */
async function settled(ask, isRight) {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const answer = await ask()
    if (isRight(answer) || performance.now() > deadline) return answer
    await elapse(10)
  }
}

/** The counts of both servers, the guards even with them. */
function rest() {
  const ask = () => Promise.all(guards.map(countOf))
  return settled(ask, (counts) => counts.every(({ active, open }) => active === open))
}

const policies = guards.flatMap((guard) => guard.policies)
const zones = [...new Set(policies.flatMap((policy) => policy.zones))]

/** What is left of those who were there: slots, keys, connections under watch, open sockets. */
async function leftovers() {
  const stats = zones.map((zone) => zone.stats())
  const counts = await Promise.all(guards.map(countOf))
  tellListeners()
  return {
    slots: sum(stats.map(({ active }) => active)),
    keys: sum(stats.map(({ keys }) => keys)),
    watched: sum(policies.map(({ watched }) => watched)),
    open: sum(counts.map(({ open }) => open)),
  }
}

/** How it is when all have left, memory and descriptors included. */
async function empty() {
  const left = await settled(leftovers, (each) => Object.values(each).every((count) => count === 0))
  return {
    left,
    isClean: zones.every((zone) => zone.audit().isClean),
    descriptors: readdirSync('/proc/self/fd').length,
    heapBytes: heapBytes(),
    passed: sum(zones.map((zone) => zone.stats().passed)),
    fewPeak: Math.max(...zones.map(peakOfFew)),
    surprises,
  }
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}

function peakOfFew(zone) {
  return zone.top(10).find(({ key }) => key === fewAddress)?.peak ?? 0
}

function heapBytes() {
  for (let n = 0; n < 3; n++) globalThis.gc()
  return process.memoryUsage().heapUsed
}

async function start() {
  const listen = { port: 0, host: '127.0.0.1', backlog: 4_096 }
  for (const { server } of guards) await new Promise((resolve) => server.listen(listen, resolve))
  process.send({ ports: guards.map(({ server }) => server.address().port) })
}

const questions = { rest, empty }
process.on('message', (question) => void questions[question]().then((answer) => process.send(answer)))
process.on('disconnect', () => process.exit())
void start()
