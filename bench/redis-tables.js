'use strict'

// The figures of the part for Redis, and what follows from them for many processes: a calculation, and it says so.
const { showNumber, showRatio } = require('./statistics.js')
const { table } = require('./tables.js')

function redisSections({ connections, wishes, costs }) {
  return [
    ['Redis: connections', connectionsTable(connections)],
    ['Redis: wishes', wishesTable(wishes)],
    ['Redis: what it costs Redis', costsTable(costs)],
    ['Redis: 1,000 processes with 1,000,000 connections, calculated', scaleTable(costs)],
  ]
}

function connectionsTable(results) {
  const head = [
    'at a time',
    'limit',
    'accepts / bare',
    'accepts a second',
    'p50 ms',
    'p99 ms',
    'added p50 ms',
    'added p99 ms',
  ]
  const rows = results.map(({ variant, inFlight, ratio, perSecond, p50, p99, added }) => [
    String(inFlight),
    nameOf(variant),
    showRatio(ratio),
    showNumber(perSecond.median),
    showNumber(p50.median),
    showNumber(p99.median),
    added.p50.toFixed(2),
    added.p99.toFixed(2),
  ])
  return table(head, rows)
}

function nameOf(variant) {
  return { bare: 'none (bare)', 'limit-conn': 'limitServer + RedisZone' }[variant] ?? variant
}

function wishesTable(results) {
  const head = [
    'in flight',
    'way',
    'a second / EVALSHA',
    'CPU / EVALSHA',
    'CPU of Redis / EVALSHA',
    'a second',
    'CPU µs',
    'CPU of Redis µs',
  ]
  const rows = results.map(({ variant, inFlight, ratio, cpu, redis, perSecond, cpuUs, redisUs }) => [
    String(inFlight),
    variant,
    ...[ratio, cpu, redis].map(showRatio),
    ...[perSecond, cpuUs, redisUs].map(({ median }) => showNumber(median)),
  ])
  return table(head, rows)
}

function costsTable({ pair, single, cluster, beat }) {
  const head = ['what', 'commands', 'bytes to Redis', 'bytes from Redis', 'CPU of Redis µs']
  return table(head, [
    costOf('acquire and release, alone', pair),
    costOf('renewal of a cell', single),
    costOf('renewal of a cell, on a Cluster', cluster),
    costOf('a process says that it is there', beat),
  ])
}

function costOf(name, { commands, bytesIn, bytesOut, cpuUs }) {
  return [name, ...[commands, bytesIn, bytesOut, cpuUs].map(({ median }) => showNumber(median))]
}

const fleet = { processes: 1_000, connections: 1_000_000, lifeSeconds: 60, syncSeconds: 5 }

/** Every connection is a cell of its own: nobody has two at one process. */
function scaleTable({ pair, single, cluster, beat }) {
  const { processes, connections, lifeSeconds, syncSeconds } = fleet
  const work = (renewal) => [
    ['renewals', connections / syncSeconds, renewal],
    ['comings and goings', connections / lifeSeconds, pair],
    ['processes that say they are there', processes / syncSeconds, beat],
  ]
  const rows = [
    ['one Redis', single],
    ['a Cluster, all nodes together', cluster],
  ].flatMap(([where, renewal]) => {
    const parts = work(renewal)
    const sum = (figure) =>
      parts.reduce((total, [, perSecond, cost]) => total + perSecond * cost[figure].median, 0)
    return [
      ...parts.map(([name, perSecond, cost]) =>
        rowOf(where, name, (figure) => perSecond * cost[figure].median),
      ),
      rowOf(where, 'together', sum),
    ]
  })
  return table(['where', 'what', 'commands a second', 'MB/s to Redis', 'cores of Redis'], rows)
}

function rowOf(where, name, figure) {
  const values = [figure('commands'), figure('bytesIn') / 1e6, figure('cpuUs') / 1e6]
  return [where, name, ...values.map(showNumber)]
}

module.exports = { fleet, redisSections }
