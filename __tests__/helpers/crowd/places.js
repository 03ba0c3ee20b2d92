'use strict'

module.exports = {
  /** An address that may have so many connections only; all others may have as many as they like. */
  fewAddress: '127.0.0.9',
  fewLimit: 5,
  /** In the order of their ports. */
  places: ['http', 'https', 'http2', 'proxied'],
}
