'use strict'

// A server that greets whom it lets in, with or without a limit by Redis in front.
const net = require('node:net')
const { limitServer } = require('../dist/index.js')
const { limit, variants, zoneOn } = require('./redis-variants.js')

const { variant, port: redisPort } = JSON.parse(process.argv[2])

async function listenerOf() {
  if (variant === 'bare' || variant === 'limit-conn') return greet
  const take = await variants[variant](redisPort)
  return async (socket) => {
    socket.on('error', () => {})
    const giveBack = await take(socket.remoteAddress ?? 'gone')
    if (socket.closed) void giveBack()
    else greet(socket.once('close', () => void giveBack()))
  }
}

function greet(socket) {
  socket.on('error', () => {})
  socket.write('hello\n')
}

async function main() {
  const server = net.createServer(await listenerOf())
  if (variant === 'limit-conn') limitServer(server, { limit, zone: zoneOn(redisPort) })
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
}

process.on('disconnect', () => process.exit())
void main()
