'use strict'

// A process of clients. It is told what to do, does it, and tells how it went.
const { behaviours, resets } = require('./behaviours.js')
const { diceOf, Visit } = require('./visit.js')

const { ports, seed, most } = JSON.parse(process.argv[2])
const tables = { behaviours, resets }
const mostFailures = 5
const roll = diceOf(seed)
const staying = new Set()

/** Clients one beside the other, as many as may be, until there were so many or so long; then who stays, stays. */
async function work({ table, tlsPart, count = Infinity, forMs = Infinity }) {
  const deadline = performance.now() + forMs
  const entries = Object.entries(tables[table])
  const result = { visits: 0, failures: [] }

  async function actor() {
    while (result.visits < count && performance.now() < deadline) {
      result.visits++
      await visitOnce(entries[Math.floor(roll() * entries.length)], roll() < tlsPart, result)
    }
  }
  await Promise.all(Array.from({ length: most / 2 }, actor))
  return { ...result, staying: staying.size }
}

async function visitOnce([name, behave], isTls, { failures }) {
  const mayStay = staying.size < most / 2
  const visit = new Visit({ port: ports[isTls ? 1 : 0], isTls, roll, mayStay })
  try {
    await behave(visit)
  } catch (error) {
    if (failures.length < mostFailures) failures.push(`${name}, TLS ${isTls}: ${error.message}`)
  }
  if (visit.isStaying) staying.add(visit)
  else visit.end()
}

async function leave() {
  for (const visit of staying) visit.end()
  staying.clear()
  return {}
}

const tasks = { work, leave }
process.on('message', (message) => {
  const { what, ...how } = JSON.parse(message)
  void tasks[what](how).then((result) => process.send(result))
})
process.on('disconnect', () => process.exit())
process.send('ready')
