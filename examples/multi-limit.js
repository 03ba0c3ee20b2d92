'use strict'

// Shows: three limits at once: per user, per address, and one for all. All must have room, or no slot is taken.
// Try: for n in 1 2 3; do curl -s -H 'authorization: ann' http://127.0.0.1:3000/slow & done; wait
// and guests, who meet the limit by address: for n in 1 2 3 4 5; do curl -s http://127.0.0.1:3000/slow & done; wait
const express = require('express')
const { byIp, limitConn, Zone } = require('limit-conn')

const users = new Map([
  ['ann', { id: 1 }],
  ['bob', { id: 2 }],
])

const policy = limitConn({
  limits: [
    { zone: new Zone({ name: 'per-user' }), key: (req) => req.user?.id, limit: 2 }, // a guest has no key here
    { zone: new Zone({ name: 'per-ip' }), key: byIp({ ipv6Subnet: 64 }), limit: 4 },
    { zone: new Zone({ name: 'everybody' }), key: () => 'all', limit: 6 },
  ],
})

const app = express()
app.use((req, res, next) => {
  req.user = users.get(req.get('authorization')) // your authentication stands before the policy
  next()
})
app.use(policy)
app.get('/slow', (req, res) => {
  res.write(`${JSON.stringify(req.limitConn)}\n`) // the limit that has the least room left
  setTimeout(() => res.end('done\n'), 10_000)
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
