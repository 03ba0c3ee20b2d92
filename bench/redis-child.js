'use strict'

// One process, one variant, so many in flight: tells how often a slot was taken and given back, and its CPU.
const { variants } = require('./redis-variants.js')

const { variant, port, inFlight, keys, warmUpMs, roundMs } = JSON.parse(process.argv[2])
let operations = 0

async function main() {
  const take = await variants[variant](port)
  for (let n = 0; n < inFlight; n++) void comeAndGo(take)
  setTimeout(() => process.send('warm'), warmUpMs)
  process.once('message', measure)
}

async function comeAndGo(take) {
  for (;;) {
    const giveBack = await take(`key-${Math.floor(Math.random() * keys)}`)
    await giveBack()
    operations++
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
