'use strict'

// Load on connections that stay open, each with one request at a time. Bounded, and loopback only.
const autocannon = require('autocannon')

const { port, connections, maxSeconds, maxRequests, isRefused = false } = JSON.parse(process.argv[2])

const load = autocannon({
  url: `http://127.0.0.1:${port}`,
  connections,
  duration: maxSeconds,
  maxOverallRequests: maxRequests,
})
process.send('started')

load.then((found) => process.send(found.errors + (isRefused ? found['2xx'] : found.non2xx)), console.error)
process.on('message', () => load.stop())
process.on('disconnect', () => process.exit())
