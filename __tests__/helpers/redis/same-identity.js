'use strict'

const crypto = require('node:crypto')

/** Has the first 16 random bytes of this process, and its first random number, be those of another: a copy of it. */
module.exports = function takeIdentity({ bytes, number }) {
  const { randomBytes, randomInt } = crypto
  crypto.randomBytes = (size, ...rest) => {
    if (size !== 16) return randomBytes(size, ...rest)
    crypto.randomBytes = randomBytes
    return Buffer.alloc(16, bytes)
  }
  if (number === undefined) return
  crypto.randomInt = () => {
    crypto.randomInt = randomInt
    return number
  }
}
