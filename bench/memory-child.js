'use strict'

// One process, one variant: tells the bytes that one more live key takes, after a forced collection of garbage.
const { Holder } = require('../dist/core/holder.js')
const { Zone } = require('../dist/core/zone.js')
const { Limiter } = require('../dist/index.js')
const { Source, addressAt, keyOf, maxKeys } = require('./core-variants.js')

const { variant, keys } = JSON.parse(process.argv[2])
const zone = new Zone({ name: 'bench', max: maxKeys })

/** Each makes what it keeps, and tells what holds it. The text of a key belongs to what is measured. */
const fill = {
  map() {
    const counts = new Map()
    return [counts, (n) => counts.set(keyOf(addressAt(n)), 1)]
  },

  zone() {
    const holder = new Holder()
    return [zone, (n) => zone.take(keyOf(addressAt(n)), holder)]
  },

  limiter() {
    // The sockets of a server are there with and without a limiter, their addresses included.
    const sources = Array.from({ length: keys }, (_, n) => new Source(addressAt(n)))
    const limiter = new Limiter({ limit: 1, zone })
    return [[sources, limiter], (n) => limiter.accept(sources[n])]
  },
}

const [kept, add] = fill[variant]()
const before = bytes()
for (let n = 0; n < keys; n++) add(n)
process.send((bytes() - before) / keys)
process.disconnect()
process.once('exit', () => kept)

function bytes() {
  for (let n = 0; n < 3; n++) globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
