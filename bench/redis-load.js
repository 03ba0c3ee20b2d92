'use strict'

// Connections that come, wait for the greeting and go, so many at a time: tells how long each waited.
const net = require('node:net')

const { port, inFlight, warmUpMs, roundMs, addresses } = JSON.parse(process.argv[2])
const begin = performance.now()
const waits = []
let failed = 0

for (let n = 0; n < inFlight; n++) next(n)
setTimeout(() => {
  waits.sort((a, b) => a - b)
  const at = (part) => waits[Math.floor(part * (waits.length - 1))]
  process.send({ perSecond: (waits.length * 1_000) / roundMs, p50: at(0.5), p99: at(0.99), failed })
}, warmUpMs + roundMs)

function next(n) {
  const since = performance.now()
  const localAddress = `127.0.0.${2 + (n % addresses)}`
  const socket = net.connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => failed++)
  socket.once('data', () => {
    if (performance.now() - begin > warmUpMs) waits.push(performance.now() - since)
    socket.resetAndDestroy() // leaves no port in TIME_WAIT
  })
  socket.once('close', () => setImmediate(next, n + inFlight))
}

process.on('disconnect', () => process.exit())
