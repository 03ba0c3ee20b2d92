'use strict'

// A server whose sockets have a close listener that throws before ours is reached; counted by middleware, or by a guard
// (`guard`). Prints what is left counted.
const http = require('node:http')
const net = require('node:net')
const { limitConn, limitServer } = require('../../dist')

const options = { limit: 1_000, logLevel: false, sweep: { everyMs: 20, graceMs: 20 } }
const thrown = []
process.on('uncaughtException', (error) => thrown.push(error.message))

const policy = process.argv[2] === 'guard' ? undefined : limitConn(options)
const server = http.createServer((req, res) => (policy ? policy(req, res, () => res.end()) : res.end()))
const [zone] = (policy ?? limitServer(server, options)).zones
server.on('request', (req) => {
  req.socket.prependListener('close', () => {
    throw new Error('theirs')
  })
})

server.listen(0, '127.0.0.1', () => {
  for (let n = 0; n < 100; n++) {
    const client = net.connect(server.address().port, '127.0.0.1')
    client.on('error', () => undefined)
    client.on('data', () => client.resetAndDestroy())
    client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
  }
  const deadline = Date.now() + 5_000
  const timer = setInterval(() => {
    const isDone = zone.stats().passed === 100 && zone.stats().active === 0
    if (!isDone && Date.now() < deadline) return
    clearInterval(timer)
    const { passed, active } = zone.stats()
    console.log(JSON.stringify({ passed, active, thrown: thrown.length, isClean: zone.audit().isClean }))
    process.exit()
  }, 10)
})
