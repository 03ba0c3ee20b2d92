'use strict'

// Shows: 2 requests of one API key run at a time, 3 more wait for their turn, at most 5 seconds, and the rest get 503.
// Try: for n in $(seq 6); do curl -s -H 'x-api-key: a' http://127.0.0.1:3000/slow & sleep 0.1; done; wait
const express = require('express')
const { limitConn, Zone } = require('limit-conn')

const clients = new Map([
  ['a', 'Ann'],
  ['b', 'Bob'],
])

const policy = limitConn({
  limits: [
    { zone: new Zone({ name: 'per-client' }), key: (req) => req.account, limit: 2 },
    { zone: new Zone({ name: 'everybody' }), key: () => 'all', limit: 100 },
  ],
  count: 'requests', // who waits is a request: a connection that waits would say nothing to its client
  queue: { max: 3, timeoutMs: 5_000 }, // max is for each key; less time than the client, or a proxy, gives its request
  retryAfter: 5,
})

const app = express()
app.use((req, res, next) => {
  req.account = clients.get(req.get('x-api-key')) // who is not known does not reach the policy
  if (req.account) next()
  else res.sendStatus(401)
})
app.use(policy)
app.get('/slow', (req, res) => {
  setTimeout(() => res.send('done\n'), 1_000)
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
