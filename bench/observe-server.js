'use strict'

// A server that refuses all but one request: with all that shows it switched on, or off.
const { subscribe } = require('node:diagnostics_channel')
const fs = require('node:fs')
const http = require('node:http')
const { limitConn } = require('../dist/index.js')

const { isOn } = JSON.parse(process.argv[2])
const channels = ['passed', 'rejected', 'released', 'exhausted', 'closed', 'queued', 'degraded', 'warning']
let told = 0

const logging = isOn ? { logger: require('pino')(fs.createWriteStream('/dev/null')) } : { logLevel: false }
const policy = limitConn({ count: 'requests', limit: 1, key: () => 'all', ...logging })
const status = isOn ? switchOn(policy.zones) : undefined

const server = http.createServer((req, res) => {
  if (req.url.startsWith('/status')) return status(req, res)
  policy(req, res, (error) => {
    if (error) throw error
    res.write('held\n') // and never ended: everybody else is above the limit
  })
})

/** Whoever can listen listens; what is asked now and then is asked each second. */
function switchOn(zones) {
  const { Registry } = require('prom-client')
  const {
    AggregationTemporality,
    InMemoryMetricExporter,
    MeterProvider,
  } = require('@opentelemetry/sdk-metrics')
  const { PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics')
  for (const name of channels) subscribe(`limit-conn:${name}`, () => told++)

  const registry = new Registry()
  require('../dist/prometheus.js').collect(registry, zones)
  setInterval(() => void registry.metrics(), 1_000)

  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 1_000,
    exportTimeoutMillis: 900,
  })
  const meter = new MeterProvider({ readers: [reader] }).getMeter('bench')
  require('../dist/opentelemetry.js').collect(meter, zones)
  return require('../dist/status.js').statusRouter({ zones })
}

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  http.get({ port, path: '/' }, () => process.send(port))
  if (isOn) http.get({ port, path: '/status/events' }, (res) => res.resume())
})
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  const { rejected } = policy.zones[0].stats()
  process.send({ rejected, cpuUs: user + system, told })
})
process.on('disconnect', () => process.exit())
