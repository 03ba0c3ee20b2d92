'use strict'

// Shows: the same where ws has the server, { server, verifyClient }: a Limiter decides, ws answers.
// Try: for n in 1 2 3 4; do curl -sim 9 -H 'connection: upgrade' -H 'upgrade: websocket' \
//   -H 'sec-websocket-version: 13' -H 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==' http://127.0.0.1:3000/ & done; wait
const http = require('node:http')
const { Limiter } = require('limit-conn')
const { WebSocketServer } = require('ws')

const limiter = new Limiter({ limit: 3 })

// With two parameters ws waits for the callback; with one it can only answer 401.
function verifyClient({ req }, done) {
  const { passed } = limiter.accept(req.socket) // the slot comes back when the socket closes
  if (passed) done(true)
  else done(false, 503, 'Too many connections', { 'Retry-After': '30' })
}

const server = http.createServer((req, res) => res.end('hello\n'))
const wss = new WebSocketServer({ server, verifyClient })
wss.on('connection', (ws, req) => {
  ws.on('error', () => {}) // the client has sent what is no frame: ws closes it
  ws.on('message', (data) => ws.send(data))
  ws.send(`you hold ${limiter.numOpen(req.socket.remoteAddress)}`)
})

server.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
