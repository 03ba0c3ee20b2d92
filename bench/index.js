'use strict'

// `npm run bench`: measures, prints, and writes docs/benchmarks.md.
const { writeFileSync } = require('node:fs')
const path = require('node:path')
const { chooseCores } = require('./children.js')
const { measureCore, measureMemory } = require('./core.js')
const { measureHttp } = require('./http.js')
const { describeMachine } = require('./machine.js')
const { measureObserve, observeSections } = require('./observe.js')
const { planOf, usage } = require('./options.js')
const { measureRedis } = require('./redis.js')
const { redisSections } = require('./redis-tables.js')
const { documentOf, noiseOf, sectionsOf } = require('./report.js')

async function bench(plan) {
  const cores = chooseCores()
  const pinning = cores
    ? `pinned: servers and core on cpu ${cores.server}, loads on cpu ${cores.load}`
    : 'not pinned: needs taskset and two cores; expect more noise'
  console.log(`${plan.name} run; ${pinning}\n`)
  if (plan.part === 'redis') return await benchRedis(plan, cores)
  if (plan.part === 'observe') return await benchObserve(plan, cores)

  const core = await measureCore(plan.core, cores?.server, console.error)
  const memory = await measureMemory(plan.core, cores?.server, console.error)
  const results = { core, memory, http: await measureHttp(plan.http, cores, console.error) }
  for (const [title, table] of sectionsOf(results)) console.log(`\n${title}\n\n${table}`)
  console.log(`\n${noiseOf(results)}`)

  if (!plan.isWritten) return
  const text = documentOf(results, plan, describeMachine(cores))
  writeFileSync(path.join(__dirname, '../docs/benchmarks.md'), text)
  console.log('\nwritten: docs/benchmarks.md')
}

async function benchRedis(plan, cores) {
  const results = await measureRedis(plan.redis, cores, console.error)
  for (const [title, table] of redisSections(results)) console.log(`\n${title}\n\n${table}`)
  console.log(`\nRedis ${results.version}, on the core of the loads`)
}

async function benchObserve(plan, cores) {
  const windows = await measureObserve(plan.observe, cores, console.error)
  for (const [title, text] of observeSections(windows)) console.log(`\n${title}\n\n${text}`)
  console.log('\nWhat the control differs from 1 by, this run cannot tell from nothing.')
}

async function main() {
  const plan = planOf(process.argv.slice(2))
  if (plan.isHelp) console.log(usage)
  else await bench(plan)
}

main().catch((error) => {
  console.error(error.message)
  process.exit(1)
})
