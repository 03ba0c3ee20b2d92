'use strict'

const events = require('node:events')
const net = require('node:net')
const { Limiter, limitServer } = require('../../../dist/index.js')

// What carries a slot in a worker. Each has `open(key)`, which answers with a way to close it, or undefined if it was
// refused; and `keyOf(key)`, under which the zone counts the key of that number.

/** Sources without a socket: many of them, and quick. */
async function emitters({ zone, limit, note }) {
  const limiter = new Limiter({ zone, limit, key: ({ key }) => key })
  return {
    keyOf: (key) => ({ text: `key-${key}` }),
    async open(key) {
      const source = Object.assign(new events.EventEmitter(), { key: `key-${key}` })
      const decision = await limiter.accept(source)
      if (decision.error) throw decision.error
      if (!decision.passed) return undefined
      note(key, 1)
      return () => {
        note(key, -1)
        source.emit('close')
      }
    },
    stop: () => undefined,
  }
}

/** Connections to a server of this process, by a guard; a client's address is its key. */
async function sockets({ zone, limit, note }) {
  const open = new Set()
  const server = net.createServer((socket) => {
    const key = keyAt(socket.remoteAddress)
    note(key, 1)
    open.add(socket)
    socket
      .on('error', () => undefined)
      .on('close', () => {
        note(key, -1)
        open.delete(socket)
      })
    socket.resume().write('!')
  })
  limitServer(server, { zone, limit, logLevel: false })
  await events.once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address()

  return {
    keyOf: addressOf,
    async open(key) {
      const client = net.connect({ port, host: '127.0.0.1', localAddress: addressOf(key) })
      client.on('error', () => undefined)
      const isIn = await new Promise((resolve) => {
        client.on('data', () => resolve(true)).on('close', () => resolve(false))
      })
      return isIn ? () => end(client) : undefined
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  }

  /** Until the server has seen it go. */
  async function end(client) {
    const { localAddress, localPort } = client
    const atServer = [...open].find(
      ({ remoteAddress, remotePort }) => remoteAddress === localAddress && remotePort === localPort,
    )
    client.resetAndDestroy()
    if (atServer && !atServer.closed) await new Promise((resolve) => atServer.on('close', resolve))
  }
}

const addressOf = (key) => `127.0.1.${key + 1}`
const keyAt = (address) => Number(address.split('.').at(-1)) - 1

module.exports = { emitters, sockets }
