'use strict'

// Opens 12 streams at the demo server, and shows who passed and what the zone counted.
const http = require('node:http')
const { setTimeout: pause } = require('node:timers/promises')

const port = Number(process.env.PORT ?? 3000)

function ask(path) {
  const options = { host: '127.0.0.1', port, path, agent: false }
  return new Promise((resolve, reject) => http.get(options, resolve).on('error', reject))
}

async function zone() {
  const { passed, rejected, active, peak } = JSON.parse(await new Response(await ask('/zone')).text())
  return { passed, rejected, active, peak }
}

async function demo() {
  const counters = { before: await zone() }
  const responses = await Promise.all(Array.from({ length: 12 }, () => ask('/events')))
  counters.during = await zone()
  const answers = responses.map(({ statusCode }, n) => [`connection ${n + 1}`, { answer: statusCode }])
  console.table(Object.fromEntries(answers))

  for (const response of responses) response.destroy()
  for (let tries = 0; tries < 200; tries++) {
    counters.after = await zone()
    if (counters.after.active <= counters.before.active) break
    await pause(10)
  }
  console.table(counters)
  const passed = responses.filter(({ statusCode }) => statusCode === 200).length
  console.log(
    `${passed} passed, ${responses.length - passed} refused, ${counters.after.active} active at the end`,
  )
}

demo().catch((error) => {
  console.error(`no demo server on port ${port} (${error.code ?? error.message}); run npm start first`)
  process.exitCode = 1
})
