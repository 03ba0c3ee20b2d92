'use strict'

// Shows: two processes and one limit: three connections of a client over both, counted by Redis or Valkey.
// Try: for n in 1 2; do curl http://127.0.0.1:3000/slow & curl http://127.0.0.1:3001/slow & done; wait # one of four: 503
const { fork } = require('node:child_process')
const path = require('node:path')
const { Redis } = require('ioredis')

const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
const first = Number(process.env.PORT ?? 3000)

async function main() {
  if (!(await isThere())) {
    console.error(`no Redis at ${new URL(url).host}: start redis-server, or set REDIS_URL`)
    process.exit(1)
  }
  const ports = await Promise.all([first, first && first + 1].map(start))
  console.log(`listening on ${ports.join(' and ')}`)
}

async function isThere() {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => {}) // connect() rejects as well
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    client.disconnect()
  }
}

/** Starts a server in a process of its own. */
function start(port) {
  const child = fork(path.join(__dirname, 'server.js'), {
    env: { ...process.env, PORT: port, REDIS_URL: url },
  })
  return new Promise((resolve) => child.once('message', resolve))
}

void main()
