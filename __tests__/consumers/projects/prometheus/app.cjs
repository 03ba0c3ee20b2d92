'use strict'

// Two limits on each connection, one of them in a dry run, and their metrics in both formats that Prometheus reads.
const http = require('node:http')
const express = require('express')
const { Registry } = require('prom-client')
const { Zone, limitConn } = require('limit-conn')
const { collect } = require('limit-conn/prometheus')

const policy = limitConn({
  limits: [
    { zone: new Zone({ name: 'enforced' }), limit: 2 },
    { zone: new Zone({ name: 'dry' }), limit: 1, dryRun: true },
  ],
})
const registries = {
  '/text': new Registry(),
  '/openmetrics': new Registry(Registry.OPENMETRICS_CONTENT_TYPE),
}
for (const registry of Object.values(registries)) collect(registry, policy.zones)

const app = express()
app.use(policy)
app.get('/hold', (_req, res) => res.write('in\n'))
const server = app.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`))

const metrics = http.createServer((req, res) => {
  const registry = registries[req.url]
  void registry.metrics().then((text) => res.setHeader('Content-Type', registry.contentType).end(text))
})
metrics.listen(0, '127.0.0.1', () => console.log(`metrics on ${metrics.address().port}`))
