'use strict'

// A process of connections that stay open and silent, a few of them being opened at one time.
const net = require('node:net')
const tls = require('node:tls')

const { port, kind, count } = JSON.parse(process.argv[2])
const to = { port, host: '127.0.0.1', rejectUnauthorized: false }
const atOneTime = 50
let begun = 0
let open = 0

for (let n = 0; n < atOneTime; n++) next()
process.on('disconnect', () => process.exit())

function next() {
  if (begun === count) return
  begun++
  const socket = kind === 'https' ? tls.connect(to) : net.connect(to)
  socket.once('error', (error) => process.send(String(error)))
  socket.once(kind === 'https' ? 'secureConnect' : 'connect', () => {
    if (kind === 'net') opened()
    else socket.once('data', opened).write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
  })
}

function opened() {
  if (++open === count) process.send('open')
  next()
}
