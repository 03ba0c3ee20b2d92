'use strict'

// Shows: event streams that end after 3 seconds (take an hour); an EventSource opens them again where they stopped.
// Try: curl -N http://127.0.0.1:3000/events; curl -N -H 'last-event-id: 14' http://127.0.0.1:3000/events
const express = require('express')
const { limitConn } = require('limit-conn')

const policy = limitConn({
  limit: 3,
  count: 'requests', // a fourth stream gets 503, and an EventSource does not ask again
  maxLifetimeMs: 3_000,
  sweep: { everyMs: 500 }, // how exactly the time is kept
})

const app = express()
app.get('/events', policy, (req, res) => {
  let id = Number(req.get('last-event-id') ?? 0) // what an EventSource that comes back has seen
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
  const timer = setInterval(() => res.write(`id: ${++id}\ndata: number ${id}\n\n`), 200)
  res.on('close', () => clearInterval(timer))
})
app.get('/zone', (req, res) => res.json(policy.zones[0].stats())) // expired: how many were ended

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
