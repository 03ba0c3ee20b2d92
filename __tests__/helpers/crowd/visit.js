'use strict'

const net = require('node:net')
const tls = require('node:tls')
const { setTimeout: elapse } = require('node:timers/promises')
const { Wire } = require('./wire.js')

/** A machine that is busy with other things may keep a server waiting for long. */
const patienceMs = 60_000

/** What one client of the crowd can do. Each is of one behaviour, and on one server. */
class Visit {
  /** It stays when the behaviour is over, until all are told to leave. */
  isStaying = false
  #things = new Set()
  /** The plain socket below each TLSSocket. */
  #raws = new WeakMap()

  constructor({ port, isTls, roll, mayStay }) {
    this.port = port
    this.isTls = isTls
    this.roll = roll
    this.mayStay = mayStay
  }

  /** True so often. */
  chance(part) {
    return this.roll() < part
  }

  /** A whole number from 1. */
  upTo(most) {
    return 1 + Math.floor(this.roll() * most)
  }

  moment(mostMs) {
    return elapse(this.roll() * mostMs)
  }

  /** Connects a plain socket, also to the server that expects TLS. */
  async connectRaw(options = {}) {
    const socket = this.#keep(net.connect({ port: this.port, host: '127.0.0.1', ...options }))
    await this.until(socket, 'connect')
    return socket
  }

  /** Connects as a client of this server should. */
  async connect(options = {}) {
    const raw = await this.connectRaw(options)
    if (!this.isTls || raw.destroyed) return raw
    const socket = this.#keep(tls.connect({ socket: new Wire(raw), rejectUnauthorized: false, ...options }))
    this.#raws.set(socket, raw)
    await this.until(socket, 'secureConnect')
    return socket
  }

  /** Waits for an event of a socket, or its close. */
  until(socket, event) {
    return within(
      `${event} or close`,
      new Promise((resolve) => {
        if (socket.destroyed) resolve()
        socket.once(event, resolve).once('close', resolve)
      }),
    )
  }

  closed(socket) {
    socket.resume()
    return socket.closed || this.until(socket, 'close')
  }

  /** Asks, and waits for so many answers that contain a text. */
  async ask(socket, request, { text = 'ok\n', times = 1 } = {}) {
    let received = ''
    const answered = new Promise((resolve, reject) => {
      socket.on('data', function see(bytes) {
        received += bytes.toString('latin1')
        if (received.split(text).length <= times) return
        socket.off('data', see)
        resolve()
      })
      socket.once('close', () =>
        reject(new Error(`closed before the answer, after ${received.length} bytes`)),
      )
    })
    socket.write(request.repeat(times))
    await within('an answer', answered)
  }

  /** Asks, and waits for an answer of any kind, or the close. */
  async exchange(socket, request) {
    const told = this.until(socket, 'data')
    if (!socket.destroyed) socket.write(request)
    await told
  }

  reset(socket) {
    const raw = this.#raws.get(socket) ?? socket
    if (!raw.destroyed) raw.resetAndDestroy()
  }

  /** Leaves in one of the ways there are, or stays. */
  leave(socket) {
    if (this.mayStay && this.chance(0.2)) this.isStaying = true
    else if (this.chance(0.4)) this.reset(socket)
    else if (this.chance(0.5)) socket.end()
    else socket.destroy()
    return this.isStaying || this.closed(socket)
  }

  /** Something with `destroy` that must not outlive the visit. */
  add(thing) {
    this.#things.add(thing)
    return thing
  }

  /** Whoever still stays leaves. */
  end() {
    for (const thing of this.#things) thing.destroy()
  }

  #keep(socket) {
    socket.on('error', () => undefined)
    socket.once('close', () => this.#things.delete(socket))
    return this.add(socket)
  }
}

/** Fails if something takes too long. */
async function within(what, promise) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${patienceMs} ms: ${what}`)), patienceMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

module.exports = { Visit, within }
