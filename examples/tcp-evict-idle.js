'use strict'

// Shows: a service for devices with an address each: one that lost power comes back in the place of its dead connection.
// Try: for n in 1 2 3; do (sleep 5; echo QUIT) | curl -s telnet://127.0.0.1:3000 & sleep 0.2; done; wait
const net = require('node:net')
const { limitServer } = require('limit-conn')

const server = net.createServer((socket) => {
  socket.on('error', () => socket.destroy()) // the client has reset it
  socket.write('220 Ready\r\n')
  socket.on('data', (chunk) => {
    if (/^quit\b/i.test(chunk)) socket.end('221 Bye\r\n')
    else socket.write('250 OK\r\n')
  })
})

limitServer(server, {
  limit: 2,
  onLimit: 'evict-idle', // of one address the connection without a byte for longest
  maxIdleMs: 20_000, // a byte is a byte, either way: a dead client is not asked anything
  onEvict(socket, cause) {
    console.log(`${cause}: ${socket.remoteAddress}`)
    socket.end(`421 ${cause === 'evicted' ? 'You came back' : 'Too slow'}\r\n`) // gone within a second, read or not
  },
})

server.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
