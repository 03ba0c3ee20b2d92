'use strict'

// The servers of a crowd, each with a guard and what stands behind it.
const { readFileSync } = require('node:fs')
const http = require('node:http')
const http2 = require('node:http2')
const https = require('node:https')
const path = require('node:path')
const express = require('express')
const { WebSocketServer } = require('ws')
const { limitConn, limitServer, limitUpgrade, Zone } = require('../../../dist')
const { fewAddress, fewLimit } = require('./places.js')
const { handle, routes } = require('./routes.js')

const plenty = 100_000
const times = { keepAliveTimeout: 60_000 }
const file = (name) => readFileSync(path.join(__dirname, '../tls', name))
const secure = () => ({ key: file('key.pem'), cert: file('cert.pem') })

/** Makes the servers; `common` are options that all policies have. */
function makeHosts(common, { isWhole }) {
  const plain = [
    calmHost('http', http.createServer(times), { ...common, reject: 'respond' }),
    calmHost('https', https.createServer({ ...times, ...secure() }), common),
  ]
  return isWhole ? [...plain, streamHost(common), proxiedHost(common)] : plain
}

/** Nobody is closed here but those few: guard, middleware on the zone of the guard, WebSockets. */
function calmHost(name, server, { reject, ...common }) {
  const zone = new Zone({ name })
  const limit = ({ remoteAddress, socket }) =>
    (remoteAddress ?? socket?.remoteAddress) === fewAddress ? fewLimit : plenty
  const guard = limitServer(server, { ...common, limit, zone, ...(reject && { reject }) })
  const middleware = limitConn({ ...common, limit, zone })
  const upgrade = limitUpgrade({ ...common, limit }, echoing('/ws'))

  server.on('request', (req, res) => middleware(req, res, () => handle(req, res)))
  server.on('upgrade', upgrade)
  server.on('clientError', (_error, socket) => socket.destroy())
  return { server, policies: [guard, middleware, upgrade] }
}

/** HTTP/2: sessions are counted with the connections of the guard, and each stream beside, with a queue. */
function streamHost(common) {
  const zone = new Zone({ name: 'http2' })
  const server = http2.createSecureServer({ ...secure(), allowHTTP1: true })
  const guard = limitServer(server, {
    ...common,
    limit: plenty,
    zone,
    maxLifetimeMs: 20_000,
    maxIdleMs: 4_000,
  })
  const sessions = limitConn({ ...common, limit: plenty, zone, count: 'connections' })
  const streams = limitConn({
    ...common,
    limit: 20,
    zone: new Zone({ name: 'streams' }),
    key: (req) => req.headers['x-client'],
    count: 'requests',
    queue: { max: 50, timeoutMs: 300 },
  })

  server.on('request', (req, res) => sessions(req, res, () => streams(req, res, () => handle(req, res))))
  server.on('sessionError', () => undefined)
  server.on('clientError', (_error, socket) => socket.destroy())
  return { server, policies: [guard, sessions, streams], changing: [guard, streams] }
}

/** Behind a proxy that tells its clients: each has few requests at a time, that wait, and few WebSockets. */
function proxiedHost(common) {
  const app = express().set('env', 'test')
  const server = http.createServer(times, app)
  const guard = limitServer(server, {
    ...common,
    limit: 40,
    zone: new Zone({ name: 'proxied' }),
    proxyProtocol: { trust: 'loopback', timeoutMs: 1_000 },
    maxIdleMs: 3_000,
    maxLifetimeMs: 20_000,
  })
  const requests = limitConn({
    ...common,
    limit: 3,
    zone: new Zone({ name: 'requests' }),
    count: 'requests',
    queue: { max: 10, timeoutMs: 400 },
  })
  const webSockets = new WeakMap()
  const upgrade = limitUpgrade(
    {
      ...common,
      limit: 3,
      zone: new Zone({ name: 'web-sockets' }),
      onLimit: 'evict-oldest',
      onEvict: (socket, cause) => webSockets.get(socket)?.close(4001, cause),
    },
    echoing('/ws', webSockets),
  )

  app.use(requests)
  // Express itself answers 500 for a handler that throws.
  for (const [route, handler] of Object.entries(routes)) app.all(route, handler)
  server.on('upgrade', upgrade)
  server.on('clientError', (_error, socket) => socket.destroy())
  return { server, policies: [guard, requests, upgrade], changing: [guard, requests, upgrade] }
}

/** WebSockets that echo; the application ignores all other upgrades. */
function echoing(url, known = new WeakMap()) {
  const webSockets = new WebSocketServer({ noServer: true })
  webSockets.on('connection', (webSocket) => {
    webSocket.on('error', () => undefined)
    webSocket.on('message', (message) => webSocket.send(message))
  })

  return function upgrade(req, socket, head) {
    if (req.url !== url) return
    webSockets.handleUpgrade(req, socket, head, (webSocket) => {
      known.set(socket, webSocket)
      webSockets.emit('connection', webSocket)
    })
  }
}

module.exports = { makeHosts }
