'use strict'

// The words around the tables: what was measured, how, and what the figures do not say.
const { coreTable, httpTable, memoryTable, table } = require('./tables.js')

/** All tables, each with its title. */
function sectionsOf({ core, memory, http }) {
  const loads = [...new Set(http.map(({ load }) => load))]
  return [
    ['Core: time', coreTable(core)],
    [`Core: memory of ${memory.keys.toLocaleString('en-US')} live keys`, memoryTable(memory)],
    ...loads.map((load) => [`Middleware: ${load}`, httpTable(http.filter((result) => result.load === load))]),
  ]
}

/** What the pairs of two bare servers say: differences smaller than these are not seen by this run. */
function noiseOf({ http }) {
  const controls = http.filter(({ guard }) => guard === 'bare')
  return `Two bare servers side by side, where the true ratio is 1, had these ratios:

- CPU per request: medians from ${rangeOf(controls, 'cpu')}
- throughput: medians from ${rangeOf(controls, 'throughput')}

That is the noise floor: this run cannot tell a smaller difference from none.`
}

function rangeOf(controls, figure) {
  const medians = range(controls.map((control) => control[figure].median))
  const quartiles = range(controls.flatMap((control) => [control[figure].low, control[figure].high]))
  return `${medians}, quartiles from ${quartiles}`
}

function range(values) {
  return `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`
}

function documentOf(results, plan, machine) {
  const sections = sectionsOf(results)
  return `# Benchmarks

Written by ${commandOf(plan)}. Times differ from machine to machine and from minute
to minute; the ratios differ less. Read the ratios, and read them beside the control.

## Machine

${table(['', ''], machine)}

## Method

${methodOf(results, plan)}

${sections.map(([title, text]) => `## ${title}\n\n${notes(title)}${text}\n`).join('\n')}
## What the control says

${noiseOf(results)}

## What is not measured

${notMeasured}
`
}

function commandOf({ name }) {
  return name === 'full' ? '`npm run bench`' : `\`npm run bench -- --${name}\`, a short run with more noise`
}

function methodOf({ http }, { core, http: { generations, windows, warmUp } }) {
  const warm = (load) => warmUp[load].toLocaleString('en-US')
  return `1. Each figure of the core comes from a process of its own, the variants in turn, ${core.repetitions} times (${core.manyRepetitions} with
   ${core.many.toLocaleString('en-US')} keys); a ratio is that to the Map of the same turn.
2. Each figure of the middleware comes from two fresh servers at once, one of them bare, each with a load of its own;
   a ratio is that of the two in the same stretch of time.
3. There are ${http[0].throughput.count} such stretches for each figure: ${windows} in each of ${generations} generations of fresh processes, after a warm-up
   of at least ${warm('keep-alive')} requests to each server, or ${warm('connection per request')} connections.
4. Throughput is requests served beside requests served by the bare server; CPU per request is what the server's
   process used, user and system, divided by the requests it served.
5. A ratio is given as median [lower quartile..upper quartile], a time as the median.`
}

function notes(title) {
  if (title === 'Core: time') return `${aboutCore}\n\n`
  if (title.startsWith('Core: memory')) return `${aboutMemory}\n\n`
  return `${aboutMiddleware}\n\n`
}

const aboutCore = `The Map is a plain \`Map<string, number>\`, gone at zero, no limit looked at. The Zone is the table alone: \`take\` and
\`release\`, with statistics and the idle keys it remembers. The Limiter is the whole public way: a new source each time,
\`accept\`, which parses its address and decides, then \`lease.release()\`. The time of the garbage collector is included.`

const aboutMemory = `After a forced garbage collection, one slot under each key, the text of the key included. The Limiter keeps a holder
and a lease for each source besides; the sources are not counted. Measured once.`

const aboutMiddleware = `The limit is never reached. CPU per request above 1 costs more than the bare server, throughput below 1 is less than it
serves. Go by the CPU: the throughput tells of the servers only where the core that both share is fully busy, elsewhere it
is bounded by the load. The times are CPU of the server per request.
express-rate-limit has its memory store; it counts something else, requests in a time, and sends headers.
limitServer is no middleware: it counts connections as they are accepted.`

const notMeasured = `- Refusals, \`limits\` with several zones, functions of yours, proxies, IPv6, TLS.
- Latency, and many cores: the servers of a pair share one core where that can be chosen.
- Many clients: the load has one address and twenty connections.
- A real handler: this one answers six bytes, so that the middleware's part is as large as it can be.`

module.exports = { documentOf, noiseOf, sectionsOf }
