'use strict'

// A server with a guard whose handler throws, in a process that goes on. Prints what is counted while the client is there,
// and when it has left.
const http = require('node:http')
const net = require('node:net')
const { limitServer } = require('../../dist')

const counted = []
const server = http.createServer(() => {
  throw new Error('theirs')
})
const [zone] = limitServer(server, { limit: 1, logLevel: false }).zones

process.on('uncaughtException', () => {
  setTimeout(() => {
    counted.push(zone.stats().active)
    client.destroy()
  }, 50)
})

function tellWhenGone() {
  if (zone.stats().active > 0) return setTimeout(tellWhenGone, 5)
  console.log(JSON.stringify([...counted, zone.stats().active]))
  return process.exit()
}

const client = new net.Socket()
client.on('error', () => undefined).on('close', tellWhenGone)
server.listen(0, '127.0.0.1', () => {
  client.connect(server.address().port, '127.0.0.1').write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
})
