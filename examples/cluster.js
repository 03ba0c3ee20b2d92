'use strict'

// Shows: two workers of a cluster and one limit: at most 3 connections of one address, whichever worker has them.
// Try: for n in 1 2 3 4; do curl -s -w '%{http_code}\n' http://127.0.0.1:3000/ & sleep 0.2; done; wait
const cluster = require('node:cluster')
const http = require('node:http')
const { limitConn } = require('limit-conn')
const { ClusterZone, shareZones } = require('limit-conn/cluster')

if (cluster.isPrimary) lead()
else work()

function lead() {
  shareZones() // before the first fork
  for (let n = 0; n < 2; n++) cluster.fork()
  let ready = 0
  cluster.on('listening', (_worker, { port }) => ++ready === 2 && console.log(`listening on ${port}`))
  process.once('disconnect', () => process.exit())
}

function work() {
  const zone = new ClusterZone({ name: 'addr' })
  const policy = limitConn({ limit: 3, zone })

  const server = http.createServer((req, res) => {
    policy(req, res, (error) => {
      if (error) res.writeHead(500).end()
      else handle(req, res)
    })
  })
  server.listen(process.env.PORT ?? 3000, '127.0.0.1')
}

function handle(req, res) {
  res.write(`worker ${process.pid}\n`)
  setTimeout(() => res.end('done\n'), 10_000)
}
