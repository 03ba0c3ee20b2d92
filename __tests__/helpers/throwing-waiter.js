'use strict'

// Four requests, of which three wait; the first of them is let in by setConfig, and its handler throws. Tells what came of it.
const http = require('node:http')
const { limitConn } = require('../../dist')

const uncaught = []
const ran = []
let thrownBySetConfig = false
process.on('uncaughtException', (error) => uncaught.push(error.message))

const policy = limitConn({ limit: 1, count: 'requests', queue: { max: 9 }, logLevel: false })
const [zone] = policy.zones
const server = http.createServer((req, res) =>
  policy(req, res, () => {
    ran.push(req.url)
    if (req.url === '/1') throw new Error(`thrown for ${req.url}`)
    if (ran.length === 4) tell()
  }),
)

server.listen(0, '127.0.0.1', () => void lineUp())

async function lineUp() {
  for (const [n, path] of ['/first', '/1', '/2', '/3'].entries()) {
    http
      .get({ port: server.address().port, host: '127.0.0.1', path, agent: false })
      .on('error', () => undefined)
    while (zone.stats().active + zone.stats().waiting <= n) await new Promise(setImmediate)
  }
  try {
    policy.setConfig({ limit: 4 })
  } catch {
    thrownBySetConfig = true
  }
}

function tell() {
  setImmediate(() => {
    console.log(JSON.stringify({ uncaught, thrownBySetConfig, ran, waiting: zone.stats().waiting }))
    process.exit(0)
  })
}
