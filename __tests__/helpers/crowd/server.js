'use strict'

// A process with guarded servers. It is asked how it is; what it counts must be what it has open. Needs --expose-gc.
const { readdirSync } = require('node:fs')
const { setTimeout: elapse } = require('node:timers/promises')
const { keepChanging } = require('./changes.js')
const { makeHosts } = require('./hosts.js')
const { fewAddress } = require('./places.js')
const { tellListeners } = require('./routes.js')

const { sweep, seed, isWhole } = JSON.parse(process.argv[2])
/** A machine that is busy with other things may keep a server waiting for long. */
const patienceMs = 60_000
/** What nobody expects: warnings of Node, errors that nobody caught, lines of a logger. */
const surprises = []
const mostSurprises = 20

function complain(text) {
  if (surprises.length < mostSurprises) surprises.push(text)
}

process.on('warning', ({ name, message }) => complain(`${name}: ${message}`))
process.on('uncaughtException', (error) => complain(String(error?.stack ?? error)))
process.on('unhandledRejection', (reason) => complain(`unhandled: ${String(reason?.stack ?? reason)}`))

/** Refusals, and proxies that say nothing of use, are what the clients are here for. */
const isExpected =
  /^limiting connections|^closing a connection for|^ERR_LIMIT_CONN_PROXY_PROTOCOL|^\d+ more of other keys, or of other errors,/
const logger = { error: (line) => isExpected.test(line) || complain(line) }
const hosts = makeHosts({ logger, sweep, warnings: { oneKey: false, uncheckedKey: false } }, { isWhole })
const policies = hosts.flatMap((host) => host.policies)
const zones = [...new Set(policies.flatMap((policy) => policy.zones))]

/** What the guard counts, and what the server has open. */
async function countOf({ server, policies: [guard] }) {
  const open = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
  const [{ active }] = guard.zones.map((zone) => zone.stats())
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

/** The counts of all servers, the guards even with them. */
function rest() {
  const ask = () => Promise.all(hosts.map(countOf))
  return settled(ask, (counts) => counts.every(({ active, open }) => active === open))
}

/** What is left of those who were there: slots, keys, who waits, connections under watch, open sockets. */
async function leftovers() {
  const stats = zones.map((zone) => zone.stats())
  const counts = await Promise.all(hosts.map(countOf))
  tellListeners()
  return {
    slots: sum(stats.map(({ active }) => active)),
    keys: sum(stats.map(({ keys }) => keys)),
    waiting: sum(stats.map(({ waiting }) => waiting)),
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
    totals: totals(),
    fewPeak: Math.max(...zones.map(peakOfFew)),
    surprises,
  }
}

/** What the zones have decided since the start, and the highest count of each guard. */
function totals() {
  const all = zones.map((zone) => zone.stats())
  const names = ['passed', 'rejected', 'queued', 'evicted', 'kicked', 'trimmed', 'expired', 'idled']
  const tallies = names.map((name) => [name, sum(all.map((stats) => stats[name]))])
  const peakOpen = sum(hosts.map(({ policies: [guard] }) => guard.zones[0].stats().peak))
  return { ...Object.fromEntries(tallies), peakOpen }
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
  for (const { server } of hosts) await new Promise((resolve) => server.listen(listen, resolve))
  if (isWhole) keepChanging({ hosts, seed, complain })
  process.send({ ports: hosts.map(({ server }) => server.address().port) })
}

const questions = { rest, empty }
process.on('message', (question) => void questions[question]().then((answer) => process.send(answer)))
process.on('disconnect', () => process.exit())
void start()
