'use strict'

// Load on connections that stay open, each with one request at a time. Bounded, and loopback only.
const autocannon = require('autocannon')

const { port, connections, maxSeconds, maxRequests } = JSON.parse(process.argv[2])

const load = autocannon({
  url: `http://127.0.0.1:${port}`,
  connections,
  duration: maxSeconds,
  maxOverallRequests: maxRequests,
})
process.send('started')

load.then(({ errors, non2xx }) => process.send(errors + non2xx), console.error)
process.on('message', () => load.stop())
process.on('disconnect', () => process.exit())
