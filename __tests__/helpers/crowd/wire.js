'use strict'

const { Duplex } = require('node:stream')

/**
 * A plain socket as a stream, for TLS to stand on: the socket stays the client's own, and can be reset at any time. One
 * that Node has put under TLS itself leaks its handle then, or crashes the process.
 */
class Wire extends Duplex {
  #raw

  constructor(raw) {
    super({ allowHalfOpen: true })
    this.#raw = raw
    raw.on('data', (bytes) => this.push(bytes) || raw.pause())
    raw.on('end', () => this.push(null))
    raw.on('close', () => this.destroy())
  }

  _read() {
    this.#raw.resume()
  }

  _write(bytes, encoding, done) {
    this.#raw.write(bytes, encoding, () => done())
  }

  _final(done) {
    this.#raw.end(() => done())
  }

  _destroy(error, done) {
    this.#raw.destroy()
    done(error)
  }
}

module.exports = { Wire }
