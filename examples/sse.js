'use strict'

// Shows: at most 3 event streams of one client; a slot is given back when its stream ends, whoever ends it.
// Try: curl -N http://127.0.0.1:3000/events (four times), then curl -X DELETE http://127.0.0.1:3000/events
const express = require('express')
const { limitConn } = require('limit-conn')

// Requests, not connections: a stream ends, its keep-alive connection may not; and a refused stream costs a browser
// nothing but that stream.
const policy = limitConn({ limit: 3, count: 'requests', retryAfter: 30 })
const streams = new Set()

const app = express()
app.get('/events', policy, (req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
  res.write(`data: ${JSON.stringify(req.limitConn)}\n\n`)
  streams.add(res)
  res.on('close', () => streams.delete(res))
})
app.delete('/events', (req, res) => {
  res.json({ ended: streams.size })
  for (const stream of streams) stream.end()
  streams.clear()
})
setInterval(() => {
  for (const stream of streams) stream.write(`data: ${new Date().toISOString()}\n\n`)
}, 1_000)

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
