'use strict'

// The core, beside a Map: a fresh process for each variant and scenario, the variants in turn.
const { answerOf, end, start } = require('./children.js')
const { summarize } = require('./statistics.js')

const variants = ['map', 'zone', 'limiter']

/** Nanoseconds of take and release: for each scenario and variant a summary, and one of the ratios to the Map. */
async function measureCore(plan, core, tell) {
  const results = []
  for (const scenario of scenariosOf(plan)) {
    tell(`core: ${scenario.name}`)
    const { keys, isOpen, repetitions } = scenario
    const runs = await inTurn(repetitions, (variant) => {
      return ask('core-child.js', { variant, keys, isOpen, roundMs: plan.roundMs }, { core })
    })
    results.push({ name: scenario.name, ...resultsOf(runs) })
  }
  return results
}

/** Bytes that a live key takes. Once: they hardly differ from run to run, and to fill a zone takes long. */
async function measureMemory(plan, core, tell) {
  tell(`core: bytes of ${plan.many.toLocaleString('en-US')} keys`)
  const flags = ['--expose-gc', '--max-old-space-size=4096']
  const runs = await inTurn(1, (variant) => {
    return ask('memory-child.js', { variant, keys: plan.many }, { core, flags })
  })
  return { keys: plan.many, ...resultsOf(runs) }
}

function scenariosOf({ few, many, repetitions, manyRepetitions }) {
  const [fewKeys, manyKeys] = [few, many].map((keys) => `${keys.toLocaleString('en-US')} random keys`)
  return [
    { name: 'hot key, coming and going', keys: 1, isOpen: false, repetitions },
    { name: 'hot key, one already open', keys: 1, isOpen: true, repetitions },
    { name: `${fewKeys}, coming and going`, keys: few, isOpen: false, repetitions },
    { name: `${fewKeys}, one open under each`, keys: few, isOpen: true, repetitions },
    { name: `${manyKeys}, one open under each`, keys: many, isOpen: true, repetitions: manyRepetitions },
  ]
}

async function inTurn(repetitions, run) {
  const runs = []
  for (let n = 0; n < repetitions; n++) {
    const measured = {}
    for (const variant of variants) measured[variant] = await run(variant)
    runs.push(measured)
  }
  return runs
}

async function ask(script, task, options) {
  const child = start(script, task, options)
  try {
    return await answerOf(child)
  } finally {
    await end(child)
  }
}

function resultsOf(runs) {
  const of = (pick) => Object.fromEntries(variants.map((name) => [name, summarize(runs.map(pick(name)))]))
  return { figures: of((name) => (run) => run[name]), ratios: of((name) => (run) => run[name] / run.map) }
}

module.exports = { measureCore, measureMemory }
