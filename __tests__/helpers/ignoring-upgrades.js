'use strict'

// Servers whose application ignores upgrades, and clients that reset. Prints what is left counted, and how many errors
// would have ended the process.
const http = require('node:http')
const net = require('node:net')
const { limitServer, limitUpgrade } = require('../../dist')

const upgrade = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n'
const options = { limit: 100, logLevel: false, sweep: { everyMs: 20, graceMs: 20 } }
const ignore = () => undefined
let uncaught = 0
process.on('uncaughtException', () => uncaught++)

const mounts = {
  limitUpgrade: (server) => {
    const policy = limitUpgrade(options, ignore)
    server.on('upgrade', policy)
    return policy
  },
  limitServer: (server) => limitServer(server.on('upgrade', ignore), options),
  nothing: (server) => void server.on('upgrade', ignore),
}

async function attack(mount) {
  uncaught = 0
  const server = http.createServer()
  const policy = mount(server)
  const sockets = new Set()
  server.on('upgrade', (req, socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

  const clients = Array.from({ length: 50 }, () => net.connect(server.address().port, '127.0.0.1'))
  for (const client of clients) client.on('error', ignore).write(upgrade)
  await until(() => sockets.size === 50)
  for (const client of clients) client.resetAndDestroy()
  await until(() => sockets.size === 0)
  server.close()
  const { passed, active } = policy?.zones[0].stats() ?? { passed: 0, active: 0 }
  return { passed, active, uncaught }
}

async function until(isTrue) {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve))
}

async function main() {
  const results = {}
  for (const [name, mount] of Object.entries(mounts)) results[name] = await attack(mount)
  console.log(JSON.stringify(results))
}

void main()
