'use strict'

// Load with a connection for each request, which autocannon cannot count. Bounded, and loopback only.
const net = require('node:net')

const { port, connections, maxSeconds, maxRequests } = JSON.parse(process.argv[2])
const request = Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
let left = maxRequests
let failed = 0

for (let n = 0; n < connections; n++) next()
setTimeout(stop, maxSeconds * 1_000)
process.send('started')

process.on('message', () => {
  stop()
  process.send(failed)
})
process.on('disconnect', () => process.exit())

function next() {
  if (left-- <= 0) return
  let isAnswered = false

  const socket = net.connect({ port, host: '127.0.0.1' }, () => socket.write(request))
  socket.on('data', (bytes) => (isAnswered ||= bytes.includes('HTTP/1.1 200 ')))
  socket.on('error', () => {}) // 'close' follows
  socket.on('close', () => {
    if (!isAnswered) failed++
    if (isAnswered) next()
    else setTimeout(next, 10)
  })
}

function stop() {
  left = 0
}
