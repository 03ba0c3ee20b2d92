'use strict'

// Shows: at most 3 connections of one client with socket.io: the policy stands in front of socket.io's own listener.
// Try: for n in 1 2 3 4; do curl -sim 9 -H 'connection: upgrade' -H 'upgrade: websocket' \
//   -H 'sec-websocket-version: 13' -H 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==' \
//   'http://127.0.0.1:3000/socket.io/?EIO=4&transport=websocket' & done; wait
const http = require('node:http')
const { limitUpgrade } = require('limit-conn')
const { Server } = require('socket.io')

const server = http.createServer((req, res) => res.end('hello\n'))

// No polling: who is refused a WebSocket would go on by polls, and these are requests, not upgrades.
const io = new Server(server, { transports: ['websocket'] })
io.on('connection', (socket) => {
  socket.on('echo', (text, answer) => answer(text))
})

const [listener] = server.listeners('upgrade')
server.removeListener('upgrade', listener)
server.on('upgrade', limitUpgrade({ limit: 3, retryAfter: 30 }, listener))

server.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
