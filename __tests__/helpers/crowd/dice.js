'use strict'

/** Dice that fall the same way for the same seed. @see Tommy Ettinger's mulberry32 */
function diceOf(seed) {
  let state = seed >>> 0
  return function roll() {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One of a list. */
function oneOf(roll, list) {
  return list[Math.floor(roll() * list.length)]
}

module.exports = { diceOf, oneOf }
