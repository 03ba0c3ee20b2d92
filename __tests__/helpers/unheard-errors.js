'use strict'

// A server whose application listens to no error of its sockets, with a guard (`guarded`) or without one, and 50 clients
// that reset what it ignores. Prints how many of them it outlived, or dies.
const http = require('node:http')
const net = require('node:net')
const { limitServer } = require('../../dist')

const [kind, guarded] = process.argv.slice(2)
const ignore = () => undefined
const write = (socket) => socket.write('hello')

const make = {
  upgrade: () => http.createServer().on('upgrade', ignore),
  connect: () => http.createServer().on('connect', ignore),
  net: () => net.createServer(write),
}
const first = {
  upgrade: 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  connect: 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
  net: 'hello',
}

const server = make[kind]()
const sweep = { everyMs: 20, graceMs: 20 }
const guard = guarded === 'guarded' ? limitServer(server, { limit: 100, logLevel: false, sweep }) : undefined
let met = 0
let resets = 0
for (const event of ['upgrade', 'connect']) server.on(event, () => met++)
if (kind === 'net') server.on('connection', (socket) => socket.once('data', () => met++))

function attack() {
  const client = net.connect(server.address().port, '127.0.0.1')
  client.on('error', ignore).write(first[kind])

  const timer = setInterval(() => {
    if (met <= resets) return
    clearInterval(timer)
    client.resetAndDestroy()
    client.on('close', () => (++resets < 50 ? attack() : finish()))
  }, 1)
}

function finish() {
  const active = guard?.zones[0].stats().active ?? 0
  if (active > 0) setTimeout(finish, 10)
  else setTimeout(tell, 50)
}

/** A moment later: what still came would be an uncaught error. */
function tell() {
  console.log(JSON.stringify({ resets, active: guard?.zones[0].stats().active }))
  process.exit()
}

server.listen(0, '127.0.0.1', attack)
