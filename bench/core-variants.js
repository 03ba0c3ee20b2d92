'use strict'

// What is compared: each variant takes and gives back one slot under the nth of some addresses.
const { Holder } = require('../dist/core/holder.js')
const { Zone } = require('../dist/core/zone.js')
const { Limiter } = require('../dist/index.js')

const maxKeys = 2 ** 24

/** A socket, as far as the limiter sees it. */
class Source {
  constructor(remoteAddress) {
    this.remoteAddress = remoteAddress
    this.destroyed = false
    this.listener = undefined
  }

  prependListener(event, listener) {
    this.listener = listener
  }
}

/** No limiter at all: a number for each key, gone at zero. */
function map(addresses) {
  const counts = new Map()
  const keys = addresses.map(keyOf)

  function take(n) {
    counts.set(keys[n], (counts.get(keys[n]) ?? 0) + 1)
  }

  function release(n) {
    const left = counts.get(keys[n]) - 1
    if (left === 0) counts.delete(keys[n])
    else counts.set(keys[n], left)
  }

  function comeAndGo(n) {
    take(n)
    release(n)
  }

  return { open: take, comeAndGo }
}

/** The zone alone, as the rest of the package calls it: slots, statistics, idle keys remembered. */
function zone(addresses) {
  const table = new Zone({ name: 'bench', max: maxKeys })
  const holder = new Holder()
  const keys = addresses.map(keyOf)

  function take(n) {
    const slot = table.take(keys[n], holder)
    table.trials.arrived(slot)
    return slot
  }

  return { open: take, comeAndGo: (n) => table.release(take(n)) }
}

/** The whole way in public: a new source each time, its address parsed, a decision, a lease. */
function limiter(addresses) {
  const policy = new Limiter({ limit: 1_000_000, zone: new Zone({ name: 'bench', max: maxKeys }) })
  const open = []
  return {
    open: (n) => {
      const source = new Source(addresses[n])
      open.push(source)
      if (!policy.accept(source).passed) throw new Error('the limiter did not let a source in')
    },
    comeAndGo: (n) => policy.accept(new Source(addresses[n])).lease.release(),
  }
}

/** The text of the nth address, flat as Node gives it. */
function addressAt(n) {
  const text = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`
  return Buffer.from(text, 'latin1').toString('latin1')
}

function keyOf(address) {
  return Buffer.from(`a:${address}`, 'latin1').toString('latin1')
}

module.exports = { Source, addressAt, keyOf, maxKeys, variants: { map, zone, limiter } }
