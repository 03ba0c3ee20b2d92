'use strict'

// One of the processes that index.js starts. They know nothing of each other but the name of the zone.
const express = require('express')
const { Redis } = require('ioredis')
const { limitConn } = require('limit-conn')
const { RedisZone } = require('limit-conn/redis')

const client = new Redis(process.env.REDIS_URL, { enableOfflineQueue: false, maxRetriesPerRequest: 0 })
client.on('error', (error) => console.error(error.message)) // it connects again by itself
const zone = new RedisZone({ name: 'two-processes', client })

const app = express()
app.get('/count', async (req, res) => {
  res.json({ here: zone.count(req.ip), all: await zone.countAll(req.ip) })
})
app.use(limitConn({ zone, limit: 3 }))
app.get('/slow', (req, res) => {
  res.write(`process ${process.pid}\n`)
  setTimeout(() => res.end('done\n'), 10_000)
})

client.once('ready', () => {
  const server = app.listen(process.env.PORT, '127.0.0.1', () => process.send(server.address().port))
})

async function shutDown() {
  await zone.close() // what it holds is given back at once, and not after ttlMs
  process.exit()
}

process.on('disconnect', () => void shutDown())
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void shutDown())
