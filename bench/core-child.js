'use strict'

// One process, one variant, one scenario: tells the nanoseconds of one take and release.
const { addressAt, variants } = require('./core-variants.js')

const { variant, keys, isOpen, roundMs } = JSON.parse(process.argv[2])
const batch = 1_000
const { open, comeAndGo } = variants[variant](Array.from({ length: keys }, (_, n) => addressAt(n)))
let random = 2_463_534_242

if (isOpen) for (let n = 0; n < keys; n++) open(n)
round()
process.send([round(), round(), round()].toSorted((a, b) => a - b)[1])
process.disconnect()

function round() {
  const begin = performance.now()
  let operations = 0
  let now = begin

  while (now - begin < roundMs) {
    for (let n = 0; n < batch; n++) comeAndGo(nextKey())
    operations += batch
    now = performance.now()
  }
  return ((now - begin) * 1e6) / operations
}

/** @see George Marsaglia, Xorshift RNGs, 2003 */
function nextKey() {
  random ^= random << 13
  random ^= random >>> 17
  random ^= random << 5
  return (random >>> 0) % keys
}
