'use strict'

// Shows: a guard below an HTTP server, and middleware above it, on one zone: 3 are served, 6 may be connected.
// Try: for n in 1 2 3 4; do curl -s http://127.0.0.1:3000/ & sleep 0.2; done; curl http://127.0.0.1:3001/zone; wait
// and who asks nothing: for n in $(seq 7); do (sleep 9 | curl -sm 9 telnet://127.0.0.1:3000) & done; sleep 1;
// curl http://127.0.0.1:3001/zone; wait # active is 6, and one was rejected
const http = require('node:http')
const { limitConn, limitServer, Zone } = require('limit-conn')

const zone = new Zone({ name: 'per-ip' })
const policy = limitConn({ limit: 3, zone, logLevel: 'warn' }) // above it a client is told why: 503

const server = http.createServer((req, res) => {
  policy(req, res, (error) => {
    if (error)
      res.writeHead(500).end() // a function of yours failed: nobody is let in
    else handle(req, res)
  })
})

function handle(req, res) {
  res.write(`${JSON.stringify(req.limitConn)}\n`)
  setTimeout(() => res.end('done\n'), 10_000)
}

const guard = limitServer(server, { limit: 6, zone, logLevel: 'warn' }) // above it a client is closed at once

const admin = http.createServer((req, res) => {
  res.end(JSON.stringify({ ...zone.stats(), top: zone.top(10), dropped: guard.dropped }))
})

server.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
admin.listen(process.env.ADMIN_PORT ?? 3001, '127.0.0.1')
admin.on('listening', () => console.log(`admin on ${admin.address().port}`))
