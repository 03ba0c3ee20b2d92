'use strict'

// Two workers of a cluster, each with a guard that lets two in; one that dies is replaced. Sends what each has counted.
const cluster = require('node:cluster')
const net = require('node:net')
const { limitServer } = require('../../dist')

function work() {
  const server = net.createServer((socket) => socket.on('error', () => undefined))
  const guard = limitServer(server, { limit: 2, logLevel: false, warnings: false })
  const tell = () =>
    process.send({ pid: process.pid, ...guard.zones[0].stats(), port: server.address().port })
  server.listen(0, '127.0.0.1', () => setInterval(tell, 10).unref())
}

if (cluster.isPrimary) {
  cluster.on('message', (_worker, message) => process.send(message))
  cluster.on('exit', () => cluster.fork())
  process.on('disconnect', () => process.exit())
  for (let n = 0; n < 2; n++) cluster.fork()
} else {
  work()
}
