'use strict'

// What to run: by default all of it in about seven minutes, --quick in one, --smoke only to see that it works.
const { parseArgs } = require('node:util')

const hosts = ['http', 'connect', 'express']
/** Requests before anything counts: until then the servers are compiled, and the one with more code is behind. */
const warmUp = {
  long: { 'keep-alive': 20_000, 'connection per request': 10_000 },
  short: { 'keep-alive': 5_000, 'connection per request': 4_000 },
}
/** How many at a time, and how much of a large fleet is written in earnest. */
const many = {
  connectionsInFlight: [1, 50],
  wishesInFlight: [1, 50, 500],
  pairs: 2_000,
  identities: 20,
  cellsOfEach: 1_000,
}
const few = { ...many, pairs: 500, cellsOfEach: 500 }
const plans = {
  full: {
    core: { repetitions: 5, manyRepetitions: 3, roundMs: 150, few: 10_000, many: 1_000_000 },
    http: { hosts, generations: 3, windows: 5, warmUp: warmUp.long, warmUpMs: 500, windowMs: 500 },
    observe: { generations: 4, windows: 5, warmUpMs: 2_000, windowMs: 500 },
    redis: { ...many, repetitions: 3, warmUpConnections: 3_000, warmUpWishes: 8_000, roundMs: 600 },
  },
  quick: {
    core: { repetitions: 2, manyRepetitions: 1, roundMs: 60, few: 10_000, many: 200_000 },
    http: {
      hosts: ['http', 'express'],
      generations: 1,
      windows: 3,
      warmUp: warmUp.short,
      warmUpMs: 300,
      windowMs: 200,
    },
    observe: { generations: 2, windows: 3, warmUpMs: 1_000, windowMs: 300 },
    redis: { ...few, repetitions: 2, warmUpConnections: 1_000, warmUpWishes: 5_000, roundMs: 400 },
  },
  smoke: {
    core: { repetitions: 1, manyRepetitions: 1, roundMs: 5, few: 1_000, many: 10_000 },
    http: { hosts: ['http'], generations: 1, windows: 1, warmUp: {}, warmUpMs: 50, windowMs: 100 },
    observe: { generations: 1, windows: 1, warmUpMs: 200, windowMs: 200 },
    redis: {
      ...few,
      repetitions: 1,
      warmUpConnections: 100,
      warmUpWishes: 200,
      roundMs: 300,
      pairs: 50,
      cellsOfEach: 20,
    },
  },
}

const usage = `usage: npm run bench -- [redis | observe] [--quick | --smoke] [--write]

  redis    a limit over several processes, by a redis-server of its own, in two minutes: prints, and writes no file; the
           rest is not run then
  observe  a server that refuses, with events, logs, metrics and the status router on, beside one without, in a minute: prints,
           and writes no file; the rest is not run then
  --quick  about a minute, for trying: fewer keys, servers and runs; writes no file
  --smoke  a few seconds, only to see that it works: its figures mean nothing
  --write  write docs/benchmarks.md; always so without --quick and --smoke`

/** The plan that the flags ask for. Throws with the usage for what it does not know. */
function planOf(args) {
  const { quick, smoke, write, help, parts } = parse(args)
  const unknown = parts.find((part) => part !== 'redis' && part !== 'observe')
  if (unknown !== undefined) throw new Error(`there is no part ${unknown}\n\n${usage}`)
  if (parts.length > 1) throw new Error(`one part at a time\n\n${usage}`)
  const [part] = parts
  if (part && write) throw new Error(`${part} writes no file\n\n${usage}`)
  if (quick && smoke) throw new Error(`--quick and --smoke are two different runs\n\n${usage}`)
  if (smoke && write)
    throw new Error(`the figures of --smoke mean nothing, so they are not written\n\n${usage}`)

  const name = smoke ? 'smoke' : quick ? 'quick' : 'full'
  return { name, ...plans[name], part, isWritten: !part && (write || name === 'full'), isHelp: help }
}

function parse(args) {
  const flag = { type: 'boolean', default: false }
  try {
    const options = { quick: flag, smoke: flag, write: flag, help: flag }
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    return { ...values, parts: positionals }
  } catch (error) {
    throw new Error(`${error.message}\n\n${usage}`, { cause: error })
  }
}

module.exports = { planOf, usage }
