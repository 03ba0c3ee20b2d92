'use strict'

// A process of clients. It is told what to do, does it, and tells how it went.
const { behaviours, resets } = require('./behaviours.js')
const { http2Behaviours } = require('./behaviours-http2.js')
const { proxiedBehaviours } = require('./behaviours-proxied.js')
const { diceOf, oneOf } = require('./dice.js')
const { places } = require('./places.js')
const { Visit } = require('./visit.js')

const { ports, seed, most } = JSON.parse(process.argv[2])
const tables = { behaviours, resets, http2: http2Behaviours, proxied: proxiedBehaviours }
const isTls = { https: true, http2: true }
const mostFailures = 5
const roll = diceOf(seed)
const staying = new Set()

/** Clients one beside the other, as many as may be, until there were so many or so long; then who stays, stays. */
async function work({ table, parts, count = Infinity, forMs = Infinity }) {
  const deadline = performance.now() + forMs
  const result = { visits: 0, failures: [] }

  async function actor() {
    while (result.visits < count && performance.now() < deadline) {
      result.visits++
      const place = placeOf(parts)
      await visitOnce(place, oneOf(roll, Object.entries(tables[place] ?? tables[table])), result)
    }
  }
  await Promise.all(Array.from({ length: most / 2 }, actor))
  return { ...result, staying: staying.size }
}

/** One of the servers, each as often as its part; http what is left. */
function placeOf(parts) {
  let left = roll()
  return Object.keys(parts).find((place) => (left -= parts[place]) < 0) ?? 'http'
}

async function visitOnce(place, [name, behave], { failures }) {
  const mayStay = staying.size < most / 2
  const port = ports[places.indexOf(place)]
  const visit = new Visit({ port, isTls: isTls[place] === true, roll, mayStay })
  try {
    await behave(visit)
  } catch (error) {
    if (failures.length < mostFailures) failures.push(`${name}, ${place}: ${error.message}`)
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
