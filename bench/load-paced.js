'use strict'

// Load at a rate, on connections that stay open: requests that are to be refused, evenly in time. Bounded, and loopback only.
// autocannon sends what a rate allows it in a second all at once, at its begin.
const net = require('node:net')

const { port, connections, rate, maxSeconds } = JSON.parse(process.argv[2])
const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`
const free = Array.from({ length: connections }, open)
const begin = performance.now()
let sent = 0
let failed = 0

function open() {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('data', (response) => {
    if (!response.includes('HTTP/1.1 503')) failed++
    free.push(socket)
  })
  socket.on('error', () => failed++)
  return socket
}

/** One request at a time on each connection: what finds none free waits for the next turn. */
const timer = setInterval(() => {
  const seconds = (performance.now() - begin) / 1_000
  if (seconds > maxSeconds) return clearInterval(timer)
  for (; sent < seconds * rate && free.length > 0; sent++) free.shift().write(request)
}, 1)

process.send('started')
process.on('message', () => process.send(failed))
process.on('disconnect', () => process.exit())
