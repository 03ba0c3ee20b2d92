'use strict'

// Shows: metrics of a zone for Prometheus, on a port that only you reach. examples/grafana has a dashboard for them.
// Try: for n in 1 2 3 4; do curl -s http://127.0.0.1:3000/slow & done; sleep 1; curl http://127.0.0.1:3001/metrics; wait
const http = require('node:http')
const express = require('express')
const { register } = require('prom-client')
const { limitConn } = require('limit-conn')
const { collect } = require('limit-conn/prometheus')

const policy = limitConn({ limit: 3 })
collect(register, policy.zones)

const app = express()
app.use(policy)
app.get('/slow', (req, res) => {
  res.write('one moment\n')
  setTimeout(() => res.end('done\n'), 10_000)
})

const metrics = http.createServer((req, res) => {
  register.metrics().then(
    (text) => res.setHeader('Content-Type', register.contentType).end(text),
    (error) => res.writeHead(500).end(`${error.message}\n`),
  )
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
metrics.listen(process.env.ADMIN_PORT ?? 3001, '127.0.0.1')
metrics.on('listening', () => console.log(`metrics on ${metrics.address().port}`))
