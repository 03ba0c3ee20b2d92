'use strict'

// `npm run bench -- observe`: two servers side by side on one core that refuse all they are asked, one with everything that
// shows it switched on, and one without.
const { setTimeout: pause } = require('node:timers/promises')
const { answerOf, end, start } = require('./children.js')
const { showNumber, showRatio, summarize } = require('./statistics.js')
const { table } = require('./tables.js')

const connections = 20
/** How many are refused in a second, of each server; undefined: as many as it can. */
const rates = [10_000, undefined]

async function measureObserve(plan, cores, tell) {
  const sides = rates.flatMap((rate) => [true, false].map((isOn) => ({ isOn, rate, windows: [] })))
  for (let n = 1; n <= plan.generations; n++) {
    for (const side of sides) {
      tell(`observe, generation ${n} of ${plan.generations}: ${nameOf(side)}`)
      side.windows.push(...(await measurePair({ ...side, isFirst: n % 2 === 0 }, plan, cores)))
    }
  }
  return sides
}

function nameOf({ isOn, rate }) {
  return `everything ${isOn ? 'on' : 'off (control)'}, ${rate?.toLocaleString('en-US') ?? 'as many as it can'}`
}

async function measurePair({ isOn, rate, isFirst }, plan, cores) {
  const sides = (isFirst ? [isOn, false] : [false, isOn]).map((on) => ({ isOn: on }))
  try {
    for (const side of sides) {
      side.server = start('observe-server.js', { isOn: side.isOn }, { core: cores?.server })
      side.port = await answerOf(side.server)
    }
    for (const side of sides) {
      const maxSeconds = Math.ceil((plan.warmUpMs + plan.windows * plan.windowMs) / 1_000) + 30
      const task = { port: side.port, connections, rate, maxSeconds, maxRequests: 5_000_000, isRefused: true }
      side.client = start(rate ? 'load-paced.js' : 'load-keep-alive.js', task, { core: cores?.load })
      await answerOf(side.client)
    }
    await pause(plan.warmUpMs)
    const windows = []
    for (let n = 0; n < plan.windows; n++) windows.push(await measureWindow(sides, plan.windowMs))
    await checkLoads(sides)
    return windows.map(([one, other]) => (isFirst ? { on: one, off: other } : { on: other, off: one }))
  } finally {
    await Promise.all(sides.flatMap(({ server, client }) => [client, server].filter(Boolean).map(end)))
  }
}

async function measureWindow(sides, windowMs) {
  const look = () => Promise.all(sides.map(({ server }) => answerOf(server, 'tell')))
  const [before, begin] = [await look(), performance.now()]
  await pause(windowMs)
  const [now, seconds] = [await look(), (performance.now() - begin) / 1_000]
  return now.map(({ rejected, cpuUs, told }, side) => {
    const done = rejected - before[side].rejected
    if (told > before[side].told !== sides[side].isOn)
      throw new Error('who listens was not told, or who does not')
    return { perSecond: done / seconds, cpuUs: (cpuUs - before[side].cpuUs) / done }
  })
}

async function checkLoads(sides) {
  const failed = await Promise.all(sides.map(({ client }) => answerOf(client, 'stop')))
  if (failed.some((count) => count > 0)) throw new Error(`requests were not refused: ${failed.join(', ')}`)
}

function observeSections(sides) {
  const rows = sides.map((side) => {
    const each = (figure) => summarize(side.windows.map(figure))
    return [
      nameOf(side),
      showRatio(each(({ on, off }) => on.perSecond / off.perSecond)),
      showRatio(each(({ on, off }) => on.cpuUs / off.cpuUs)),
      showNumber(each(({ on }) => on.perSecond).median),
      showNumber(each(({ on }) => on.cpuUs).median),
    ]
  })
  const head = ['server, rejections a second', 'throughput / off', 'CPU for each / off', 'measured', 'µs']
  return [['Observe: rejections, beside a server with everything off', table(head, rows)]]
}

module.exports = { measureObserve, observeSections }
