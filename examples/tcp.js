'use strict'

// Shows: a service of raw TCP that says no in its own protocol, as SMTP does: a line, and then the end.
// Try: for n in 1 2 3 4; do (sleep 5; echo QUIT) | curl -s telnet://127.0.0.1:3000 & sleep 0.2; done; wait
const net = require('node:net')
const { limitServer } = require('limit-conn')

const server = net.createServer((socket) => {
  socket.setTimeout(60_000, () => socket.end('421 Too slow\r\n')) // raw TCP has no timeouts of its own
  socket.on('error', () => socket.destroy()) // the client has reset it
  socket.write('220 Ready\r\n')
  socket.on('data', (chunk) => {
    if (/^quit\b/i.test(chunk)) socket.end('221 Bye\r\n')
    else socket.write('250 OK\r\n')
  })
})

limitServer(server, {
  limit: 3,
  logLevel: 'warn',
  reject: (socket, { limit }) => {
    socket.end('421 Too many connections, try again later\r\n') // gone within a second, read or not
    console.log(`${socket.remoteAddress} has ${limit} connections already`)
  },
})

server.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
