'use strict'

// Shows: at most 3 WebSockets of one client with ws; the next is answered 503 instead of the upgrade.
// Try: for n in 1 2 3 4; do curl -sim 9 -H 'connection: upgrade' -H 'upgrade: websocket' \
//   -H 'sec-websocket-version: 13' -H 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==' http://127.0.0.1:3000/ & done; wait
const http = require('node:http')
const { limitUpgrade } = require('limit-conn')
const { WebSocketServer } = require('ws')

const wss = new WebSocketServer({ noServer: true })
wss.on('connection', (ws, req) => {
  ws.on('error', () => {}) // the client has sent what is no frame: ws closes it
  ws.on('message', (data) => ws.send(data))
  ws.send(JSON.stringify(req.limitConn))
})

// The handler runs for who is let in. The slot comes back when the connection closes, however it closes.
const upgrade = limitUpgrade({ limit: 3, retryAfter: 30 }, (req, socket, head) => {
  wss.handleUpgrade(req, socket, head, (ws) => wss.emit('connection', ws, req))
})

const server = http.createServer((req, res) => res.end('hello\n'))
server.on('upgrade', upgrade)

server.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
