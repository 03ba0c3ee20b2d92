'use strict'

// A server with one slot, and a guard that refuses as the arguments say. Tells what it has seen whenever it is asked.
const { subscribe } = require('node:diagnostics_channel')
const http = require('node:http')
const net = require('node:net')
const { limitServer } = require('../../dist')

const [kind, reject] = process.argv.slice(2)
/** Listeners called; sockets accepted; most open at one time; still open a second later; errors that nobody caught. */
const seen = { runs: 0, accepted: 0, most: 0, late: 0, uncaught: [] }
let open = 0
process.on('uncaughtException', (error) => seen.uncaught.push(error.code ?? error.message))

const listener = () => void seen.runs++
const server = kind === 'net' ? net.createServer(listener) : http.createServer(listener)
const answer = (socket) => socket.end('busy\r\n')
const guard = limitServer(server, { limit: 1, logLevel: false, reject: reject === 'line' ? answer : reject })

subscribe('net.server.socket', ({ socket }) => {
  seen.accepted++
  if (socket.destroyed) return

  seen.most = Math.max(seen.most, ++open)
  socket.on('close', () => open--)
  if (seen.accepted === 1) return
  // However busy the machine is, this timer comes after one that was to close the socket by then.
  setTimeout(() => (seen.late += Number(!socket.destroyed)), 1_000)
})

process.on('message', () => {
  server.getConnections((_, connections) => {
    process.send({ ...seen, connections, ...guard.zones[0].stats() })
  })
})
const where = { port: 0, host: '127.0.0.1', backlog: 2_000 }
server.listen(where, () => console.log(`port ${server.address().port}`))
