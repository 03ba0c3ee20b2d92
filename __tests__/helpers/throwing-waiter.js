'use strict'

// Requests wait behind one that is held; when the limit is raised, the handler of the first that comes in throws. Prints
// which handlers ran, what setConfig threw, and how many wait still.
const http = require('node:http')
const { limitConn } = require('../../dist')

const policy = limitConn({ limit: 1, count: 'requests', queue: { max: 9 }, logLevel: false, warnings: false })
const [zone] = policy.zones
const ran = []
process.on('uncaughtException', ({ message }) => ran.push(`uncaught ${message}`))

const server = http.createServer((req, res) =>
  policy(req, res, () => {
    ran.push(req.url)
    if (req.url === '/first') throw new Error('theirs')
  }),
)

async function until(isSo) {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

async function run() {
  const { port } = server.address()
  for (const [index, path] of ['/held', '/first', '/second', '/third'].entries()) {
    http.get({ port, path, agent: false }).on('error', () => undefined)
    await until(() => ran.length + zone.stats().waiting === index + 1)
  }
  try {
    policy.setConfig({ limit: 3 })
  } catch ({ message }) {
    ran.push(`thrown ${message}`)
  }
  await new Promise((resolve) => setImmediate(resolve))
  const { waiting, active } = zone.stats()
  console.log(JSON.stringify({ ran, waiting, active }))
  process.exit(0)
}

server.listen(0, '127.0.0.1', () => void run())
