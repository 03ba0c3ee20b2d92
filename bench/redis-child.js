'use strict'

// One process, one variant, so many in flight: tells how often a slot was taken and given back, and its CPU.
const { variants } = require('./redis-variants.js')

const { variant, port, inFlight, keys, warmUp, roundMs } = JSON.parse(process.argv[2])
/** Until it is warm: what has more code is behind until it is compiled. */
const inWarmUp = 50
let operations = 0
let isWarm = false

async function main() {
  const take = await variants[variant](port)
  process.once('message', measure)
  for (let n = 0; n < Math.max(inFlight, inWarmUp); n++) void comeAndGo(take, n)
}

async function comeAndGo(take, lane) {
  for (;;) {
    if (isWarm && lane >= inFlight) return
    const giveBack = await take(`key-${Math.floor(Math.random() * keys)}`)
    await giveBack()
    if (++operations === warmUp) {
      isWarm = true
      process.send('warm')
    }
  }
}

function measure() {
  const [begin, before, cpu] = [performance.now(), operations, process.cpuUsage()]
  setTimeout(() => {
    const { user, system } = process.cpuUsage(cpu)
    const done = operations - before
    process.send({
      operations: done,
      perSecond: (done * 1_000) / (performance.now() - begin),
      cpuUs: (user + system) / done,
    })
  }, roundMs)
}

process.on('disconnect', () => process.exit())
void main()
