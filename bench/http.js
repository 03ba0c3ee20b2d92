'use strict'

// The middleware: two servers at once on one core, one of them bare, each under a load of its own.
const { setTimeout: pause } = require('node:timers/promises')
const { answerOf, end, start } = require('./children.js')
const { summarize } = require('./statistics.js')

const middleware = ['bare', 'limitConn', 'express-rate-limit']
const loads = [
  { name: 'keep-alive', script: 'load-keep-alive.js', connections: 20, maxRequests: 5_000_000 },
  { name: 'connection per request', script: 'load-connections.js', connections: 20, maxRequests: 200_000 },
]
const fewestInWindow = 50
const patienceMs = 20_000

/** For each load, host and guard the ratios to a bare server that ran beside it. Bare beside bare is the control. */
async function measureHttp(plan, cores, tell) {
  const cases = loads.flatMap((load) => {
    return plan.hosts.flatMap((host) =>
      guardsOf(load, host).map((guard) => ({ load, host, guard, windows: [] })),
    )
  })

  for (let n = 1; n <= plan.generations; n++) {
    for (const [place, { load, host, guard, windows }] of cases.entries()) {
      tell(`middleware, generation ${n} of ${plan.generations}: ${host}, ${guard}, ${load.name}`)
      const order = (n + place) % 2 === 0 ? ['bare', guard] : [guard, 'bare']
      windows.push(...(await measurePair({ load, host, order }, plan, cores)))
    }
  }
  return cases.map(resultOf)
}

/** A guard does its work when a connection comes, whatever the server has for its requests. */
function guardsOf({ name }, host) {
  return name === 'connection per request' && host === 'http' ? [...middleware, 'limitServer'] : middleware
}

/** Two fresh servers with the same history, and what each did in the same stretches of time. */
async function measurePair({ load, host, order }, plan, cores) {
  const sides = order.map((guard) => ({ guard }))
  try {
    for (const side of sides) await startServer(side, host, cores)
    for (const side of sides) await startLoad(side, { load, plan }, cores)
    await measureWindow(sides, plan.warmUpMs, plan.warmUp[load.name] ?? fewestInWindow)

    const windows = []
    for (let n = 0; n < plan.windows; n++) {
      const [one, other] = await measureWindow(sides, plan.windowMs, fewestInWindow)
      windows.push(order[0] === 'bare' ? { bare: one, guarded: other } : { bare: other, guarded: one })
    }
    await checkLoads(sides)
    return windows
  } finally {
    await Promise.all(sides.flatMap(({ server, client }) => [client, server].filter(Boolean).map(end)))
  }
}

async function startServer(side, host, cores) {
  side.server = start('server.js', { host, guard: side.guard }, { core: cores?.server })
  side.port = await answerOf(side.server)
}

async function startLoad(side, { load, plan }, cores) {
  const { connections, maxRequests } = load
  const maxSeconds = Math.ceil((plan.warmUpMs + plan.windows * plan.windowMs) / 1_000) + 30
  const task = { port: side.port, connections, maxSeconds, maxRequests }
  side.client = start(load.script, task, { core: cores?.load })
  await answerOf(side.client)
}

/** As long as it is said, or longer until each of the two has served so many. */
async function measureWindow(sides, windowMs, fewest) {
  const before = await Promise.all(sides.map(({ server }) => answerOf(server, 'tell')))
  const begin = performance.now()
  for (;;) {
    await pause(windowMs)
    const now = await Promise.all(sides.map(({ server }) => answerOf(server, 'tell')))
    const wallUs = (performance.now() - begin) * 1_000
    const passed = now.map(({ requests, cpuUs }, side) => {
      return { requests: requests - before[side].requests, cpuUs: cpuUs - before[side].cpuUs, wallUs }
    })
    if (passed.every(({ requests }) => requests >= fewest)) return passed
    if (performance.now() - begin > patienceMs) throw new Error('a server has hardly been asked anything')
  }
}

async function checkLoads(sides) {
  const failed = await Promise.all(sides.map(({ client }) => answerOf(client, 'stop')))
  if (failed.some((count) => count > 0)) throw new Error(`requests failed, per server: ${failed.join(', ')}`)
}

function resultOf({ load, host, guard, windows }) {
  const each = (figure) => summarize(windows.map(figure))
  return {
    load: load.name,
    host,
    guard,
    throughput: each(({ bare, guarded }) => guarded.requests / bare.requests),
    cpu: each(({ bare, guarded }) => cpuOf(guarded) / cpuOf(bare)),
    bareUs: each(({ bare }) => cpuOf(bare)),
    guardedUs: each(({ guarded }) => cpuOf(guarded)),
    busy: each(({ bare, guarded }) => (bare.cpuUs + guarded.cpuUs) / guarded.wallUs),
  }
}

function cpuOf({ cpuUs, requests }) {
  return cpuUs / requests
}

module.exports = { measureHttp }
