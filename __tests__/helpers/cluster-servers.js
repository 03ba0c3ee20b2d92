'use strict'

// Two workers that share a port: a guard and a policy of Express, with a ClusterZone each. Or what is told by an argument.
const cluster = require('node:cluster')
const http = require('node:http')
const express = require('express')
const { limitConn, limitServer } = require('../../dist')
const { ClusterZone, shareZones } = require('../../dist/cluster.js')

const how = process.argv[2]

function codeOf(run) {
  try {
    return run() && 'none'
  } catch ({ code, message }) {
    return `${code}: ${message}`
  }
}

function serve() {
  const zone = new ClusterZone({ name: 'requests', commandTimeoutMs: 5_000 })
  const guarded = new ClusterZone({ name: 'guarded', commandTimeoutMs: 5_000 })
  const app = express()
  app.use(limitConn({ limit: 3, zone }))
  app.get('/', (_req, res) => res.write(`worker ${process.pid}\n`))
  const server = http.createServer(app)
  limitServer(server, { limit: 5, zone: guarded })
  server.listen(0, '127.0.0.1')
  async function tell() {
    const totals = [zone, guarded].map((one) => one.countAll('127.0.0.1'))
    process.send({ totals: await Promise.all(totals) })
  }
  process.on('message', ({ count }) => count && void tell())
}

const trials = {
  /** A process that is no worker. */
  alone: () => console.log(codeOf(() => new ClusterZone({ name: 'z' }))),
  /** One that is no worker, and shares with itself. */
  async itself() {
    shareZones()
    shareZones()
    const zone = new ClusterZone({ name: 'z' })
    console.log(codeOf(() => new ClusterZone({ name: 'z' })))
    console.log(await zone.countAll('127.0.0.1'))
    await zone.close()
    console.log(codeOf(() => new ClusterZone({ name: 'z' })))
  },
  /** A worker that was forked too early, and shares by itself. */
  early() {
    if (cluster.isPrimary) {
      cluster.fork()
      shareZones()
      return
    }
    console.log(codeOf(() => new ClusterZone({ name: 'z' })))
    console.log(codeOf(() => shareZones()))
    process.exit()
  },
  servers() {
    if (cluster.isWorker) return serve()
    shareZones()
    const workers = [cluster.fork(), cluster.fork()]
    let listening = 0
    cluster.on('listening', (_worker, { port }) => ++listening === 2 && process.send(port))
    cluster.on('message', (_worker, { totals }) => totals && process.send(totals))
    process.on('message', () => workers[0].send({ count: true }))
    process.on('disconnect', () => process.exit())
  },
}

void trials[how]()
