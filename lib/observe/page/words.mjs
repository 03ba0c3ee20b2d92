const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** A number as people read it. @param {number} number @returns {string} */
export function count(number) {
  return whole.format(number)
}

/** The same with one digit behind the point, where it is small. @param {number} number @returns {string} */
export function rate(number) {
  return number >= 10 ? count(number) : short.format(number)
}

/** Some of a thing. @param {number} number @param {string} word @returns {string} */
export function several(number, word) {
  return `${count(number)} ${word}${number === 1 ? '' : 's'}`
}

/** @param {number} share @returns {string} */
export function percent(share) {
  if (share === 0) return '0 %'
  return `${Number((share * 100).toPrecision(share < 0.1 ? 2 : 3))} %`
}

/** How long, in the largest unit and the one below it. @param {number} ms @returns {string} */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}

/** @param {string} text @param {number} most @returns {string} */
export function cut(text, most) {
  const letters = Array.from(text.slice(0, most * 2))
  return letters.length <= most ? letters.join('') : `${letters.slice(0, most).join('')}…`
}
