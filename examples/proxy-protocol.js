'use strict'

// Shows: the PROXY protocol: behind HAProxy, nginx's stream or a load balancer of TCP each client has its own limit.
// Try: for n in 1 2 3; do curl -s --haproxy-protocol http://127.0.0.1:3000/ & sleep 0.2; done; wait # the third: nothing
// and who sends no header: curl http://127.0.0.1:3000/; curl http://127.0.0.1:3001/
const http = require('node:http')
const { limitServer } = require('limit-conn')

const server = http.createServer((req, res) => {
  res.write(`you are ${req.socket.remoteAddress}, port ${req.socket.remotePort}\n`)
  setTimeout(() => res.end('done\n'), 5_000)
})

const guard = limitServer(server, {
  limit: 2,
  logLevel: 'warn',
  proxyProtocol: { trust: 'loopback' }, // the addresses of your proxies: nobody else may connect
})

const admin = http.createServer((req, res) => {
  res.end(`${JSON.stringify({ ...guard.proxyHeaders, top: guard.zones[0].top(10) })}\n`)
})

server.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
admin.listen(process.env.ADMIN_PORT ?? 3001, '127.0.0.1')
admin.on('listening', () => console.log(`admin on ${admin.address().port}`))
