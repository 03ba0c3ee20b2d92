'use strict'

// The figures as tables, for the terminal and for docs/benchmarks.md alike: aligned as prettier would.
const { showNumber, showRatio } = require('./statistics.js')

const coreNames = { map: 'Map', zone: 'Zone', limiter: 'Limiter' }
const hostNames = { http: 'node:http', connect: 'Connect', express: 'Express' }

function coreTable(results) {
  const head = ['take and release', 'Zone / Map', 'Limiter / Map', ...nanosecondHeads()]
  const rows = results.map(({ name, ratios, figures }) => [
    name,
    showRatio(ratios.zone),
    showRatio(ratios.limiter),
    ...Object.keys(coreNames).map((variant) => showNumber(figures[variant].median)),
  ])
  return table(head, rows)
}

function memoryTable({ ratios, figures }) {
  const rows = Object.entries(coreNames).map(([variant, name]) => {
    return [name, ratios[variant].median.toFixed(2), showNumber(figures[variant].median)]
  })
  return table(['what is kept', 'ratio to Map', 'bytes per live key'], rows)
}

function httpTable(results) {
  const head = [
    'server',
    'in front',
    'CPU per request',
    'throughput',
    'µs',
    'µs of the bare one',
    'core busy',
  ]
  const rows = results.map(({ host, guard, throughput, cpu, guardedUs, bareUs, busy }) => [
    hostNames[host],
    guard === 'bare' ? 'nothing (control)' : guard,
    showRatio(cpu),
    showRatio(throughput),
    showNumber(guardedUs.median),
    showNumber(bareUs.median),
    `${Math.round(busy.median * 100)} %`,
  ])
  return table(head, rows)
}

function line(cells) {
  return `| ${cells.join(' | ')} |`
}

/** A table of Markdown; all columns but those with text are aligned to the right. */
function table(head, rows) {
  const widths = head.map((title, n) => Math.max(title.length, ...rows.map((row) => row[n].length)))
  const isNumeric = head.map((_, n) => rows.every((row) => /^[\d.,]+( [[%]|$)/.test(row[n])))
  const pad = (cell, n) => (isNumeric[n] ? cell.padStart(widths[n]) : cell.padEnd(widths[n]))
  const rule = widths.map((width, n) => (isNumeric[n] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  return [head.map(pad), rule, ...rows.map((row) => row.map(pad))].map(line).join('\n')
}

function nanosecondHeads() {
  return Object.values(coreNames).map((name) => `${name} ns`)
}

module.exports = { coreTable, httpTable, memoryTable, table }
