'use strict'

// Sessions of HTTP/2 that fail at once, on a guarded server. Tells how many of them stay in memory. Needs --expose-gc.
const http2 = require('node:http2')
const { readFileSync } = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { setTimeout: elapse } = require('node:timers/promises')
const tls = require('node:tls')
const { limitServer } = require('../../dist')
const { Wire } = require('./crowd/wire.js')

const count = 300
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const noFrame = Buffer.alloc(60, 0xee)
const file = (name) => readFileSync(path.join(__dirname, 'tls', name))
const server = http2.createSecureServer({ key: file('key.pem'), cert: file('cert.pem') })
limitServer(server, { limit: 1_000, logLevel: false, maxIdleMs: 60_000 })

const sessions = []
server.on('session', (session) => sessions.push(new WeakRef(session)))
server.on('sessionError', () => undefined)

/** Speaks as no client of HTTP/2 does, and leaves. */
function fail() {
  const { port } = server.address()
  const raw = net.connect({ port, host: '127.0.0.1' }).on('error', () => undefined)
  const socket = tls.connect({ socket: new Wire(raw), ALPNProtocols: ['h2'], rejectUnauthorized: false })
  socket
    .on('error', () => undefined)
    .on('secureConnect', () => {
      socket.write(preface)
      socket.write(noFrame)
      setTimeout(() => socket.destroy())
    })
  return new Promise((resolve) => socket.resume().on('close', resolve))
}

async function run() {
  for (let n = 0; n < count; n += 10) await Promise.all(Array.from({ length: 10 }, fail))
  const kept = () => sessions.filter((each) => each.deref()).length
  for (let n = 0; n < 20 && kept() > 0; n++) {
    await elapse(50)
    globalThis.gc()
  }
  process.send({ sessions: sessions.length, kept: kept() })
}

server.listen(0, '127.0.0.1', () => void run())
process.on('disconnect', () => process.exit())
