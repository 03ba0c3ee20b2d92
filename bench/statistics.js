'use strict'

/** Median and quartiles, between neighbours where they fall between two values. */
function summarize(values) {
  const sorted = values.toSorted((a, b) => a - b)
  if (sorted.length === 0 || !sorted.every((value) => Number.isFinite(value) && value > 0)) {
    throw new Error(`not measured: ${JSON.stringify(values)}`)
  }

  function quantile(part) {
    const place = part * (sorted.length - 1)
    const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
    return below + (above - below) * (place % 1)
  }
  return { median: quantile(0.5), low: quantile(0.25), high: quantile(0.75), count: sorted.length }
}

/** `0.98 [0.97..1.00]` */
function showRatio({ median, low, high }) {
  return `${median.toFixed(2)} [${low.toFixed(2)}..${high.toFixed(2)}]`
}

/** Three digits that count: a figure of this kind has no more. */
function showNumber(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}

module.exports = { showNumber, showRatio, summarize }
