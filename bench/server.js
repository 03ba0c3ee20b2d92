'use strict'

// One server, with or without something in front of its handler. Tells what it has served, and at what cost.
const http = require('node:http')
const { limitConn, limitServer } = require('../dist/index.js')

const { host, guard } = JSON.parse(process.argv[2])
const never = 1_000_000_000
let requests = 0

const guards = {
  bare: () => undefined,
  limitServer: () => undefined,
  limitConn: () => limitConn({ limit: never }),
  // Its checks of the configuration run once in a while, and complain about a server that is not Express.
  'express-rate-limit': () => require('express-rate-limit').rateLimit({ limit: never, validate: false }),
}

const hosts = {
  http: (middleware) => {
    if (!middleware) return answer
    return (req, res) => middleware(withIp(req), res, (error) => answer(req, res, error))
  },
  connect: (middleware) =>
    mount(require('connect')(), middleware && ((req, ...rest) => middleware(withIp(req), ...rest))),
  express: (middleware) => mount(require('express')(), middleware),
}

function mount(app, middleware) {
  if (middleware) app.use(middleware)
  return app.use((req, res) => answer(req, res))
}

/** Express has `req.ip`; express-rate-limit needs it everywhere. */
function withIp(req) {
  if (guard === 'express-rate-limit') req.ip = req.socket.remoteAddress
  return req
}

function answer(req, res, error) {
  if (error) throw error
  requests++
  res.end('hello\n')
}

const server = http.createServer(hosts[host](guards[guard]()))
if (guard === 'limitServer') limitServer(server, { limit: never })
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ requests, cpuUs: user + system })
})
process.on('disconnect', () => process.exit())
