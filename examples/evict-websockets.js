'use strict'

// Shows: at most 3 WebSockets of one user: a fourth comes in, and the oldest is told so and closed.
// Try: for n in 1 2 3 4; do curl -sim 9 -H 'authorization: ann' -H 'connection: upgrade' -H 'upgrade: websocket' \
//   -H 'sec-websocket-version: 13' -H 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==' http://127.0.0.1:3000/ & done; wait
const http = require('node:http')
const { limitUpgrade, Zone } = require('limit-conn')
const { WebSocketServer } = require('ws')

const users = new Map([['ann', { id: 1 }]]) // your authentication: who has another's token can throw the other out
const userOf = (req) => users.get(req.headers.authorization)

const wss = new WebSocketServer({ noServer: true })
const webSockets = new WeakMap() // of a socket

const perUser = {
  zone: new Zone({ name: 'per-user' }),
  key: (req) => userOf(req)?.id,
  limit: 3,
  onLimit: 'evict-oldest',
  onEvict: (socket, cause) => webSockets.get(socket)?.close(4001, cause), // to your client: do not come back by yourself
}
const perIp = { zone: new Zone({ name: 'per-ip' }), limit: 100 } // others may have the same address: this one rejects

const upgrade = limitUpgrade({ limits: [perUser, perIp] }, (req, socket, head) => {
  if (userOf(req)) wss.handleUpgrade(req, socket, head, (ws) => welcome(ws, socket))
  else socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
})

function welcome(ws, socket) {
  ws.on('error', () => {}) // the client has sent what is no frame: ws closes it
  webSockets.set(socket, ws)
}

const server = http.createServer((req, res) => res.end('hello\n')).on('upgrade', upgrade)
server.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
