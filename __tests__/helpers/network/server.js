'use strict'

// A process with servers of three kinds, each with the defaults of a guard and once more without TCP keep-alive.
const { readFileSync } = require('node:fs')
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const path = require('node:path')
const { limitServer } = require('../../../dist')

const host = process.argv[2]
const tls = (name) => readFileSync(path.join(__dirname, '../tls', name))
const secure = { key: tls('key.pem'), cert: tls('cert.pem') }
const kinds = {
  net: () => net.createServer((socket) => socket.on('error', () => undefined).resume()),
  http: () => http.createServer(stream).on('upgrade', upgrade),
  https: () => https.createServer(secure, stream).on('upgrade', upgrade),
}

/** Begins to answer, and never goes on. */
function stream(_req, res) {
  res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: hello\n\n')
}

/** Any protocol that has nothing to say, such as an idle WebSocket. */
function upgrade(_req, socket) {
  socket.on('error', () => undefined).resume()
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: idle\r\n\r\n')
}

const servers = Object.entries(kinds).flatMap(([kind, make]) => [
  guarded(kind, make(), {}),
  guarded(`${kind} without keep-alive`, make(), { keepAliveMs: false }),
])

function guarded(name, server, options) {
  return { name, server, guard: limitServer(server, { limit: 100, warnings: false, ...options }) }
}

/** What each guard counts. */
function counts() {
  return Object.fromEntries(servers.map(({ name, guard }) => [name, guard.zones[0].stats().active]))
}

async function start() {
  for (const { server } of servers) await new Promise((resolve) => server.listen(0, host, resolve))
  process.send(Object.fromEntries(servers.map(({ name, server }) => [name, server.address().port])))
}

process.on('message', () => process.send(counts()))
process.on('disconnect', () => process.exit())
void start()
