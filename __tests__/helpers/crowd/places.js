'use strict'

/** An address that may have so many connections only; all others may have as many as they like. */
module.exports = { fewAddress: '127.0.0.9', fewLimit: 5 }
