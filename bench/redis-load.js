'use strict'

// Connections that come, wait for the greeting and go, so many at a time: tells how long each waited.
const net = require('node:net')

const { port, inFlight, warmUp, roundMs, addresses } = JSON.parse(process.argv[2])
/** Until the server is warm: what has more code is behind until it is compiled. */
const inWarmUp = 50
const settleMs = 200
const waits = []
let [count, failed, isWarm] = [0, 0, false]
/** From when on connections are measured: those of the warm-up are gone by then. */
let fromMs = Infinity

for (let lane = 0; lane < Math.max(inFlight, inWarmUp); lane++) next(lane)

function next(lane) {
  if (isWarm && lane >= inFlight) return
  const since = performance.now()
  const localAddress = `127.0.0.${2 + (count % addresses)}`
  const socket = net.connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => failed++)
  socket.once('data', () => {
    if (since >= fromMs) waits.push(performance.now() - since)
    if (++count === warmUp) setTimeout(measure, 100)
    socket.resetAndDestroy() // leaves no port in TIME_WAIT
  })
  socket.once('close', () => setImmediate(next, lane))
}

function measure() {
  isWarm = true
  fromMs = performance.now() + settleMs
  setTimeout(() => {
    waits.sort((a, b) => a - b)
    const at = (part) => waits[Math.floor(part * (waits.length - 1))]
    process.send({ perSecond: (waits.length * 1_000) / roundMs, p50: at(0.5), p99: at(0.99), failed })
  }, settleMs + roundMs)
}

process.on('disconnect', () => process.exit())
