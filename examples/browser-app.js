'use strict'

// Shows: 3 connections of one user; for a fourth the one that has been idle for longest is closed. By address none is.
// Try: curl -s http://127.0.0.1:3000/zones, which says evicted: 1, after
//   for n in 1 2 3 4; do (printf 'GET / HTTP/1.1\r\nHost: a\r\nCookie: session=a1\r\n\r\n'; sleep 2) |
//   curl -s telnet://127.0.0.1:3000 & sleep 0.2; done; wait
const express = require('express')
const { limitConn, Zone } = require('limit-conn')

const sessions = new Map([
  ['session=a1', { user: 'ann' }],
  ['session=b2', { user: 'bob' }],
])

const policy = limitConn({
  limits: [
    {
      zone: new Zone({ name: 'per-user' }),
      key: (req) => req.user, // checked below: nobody else can show it
      limit: 3,
      onLimit: 'evict-idle', // a keep-alive connection that waits; one in the middle of a request only if all are
    },
    { zone: new Zone({ name: 'per-ip' }), limit: 100 },
  ],
})

const app = express()
app.use((req, res, next) => {
  req.user = sessions.get(req.headers.cookie)?.user // your sessions stand before the policy
  next()
})
app.use(policy)
app.get('/', (req, res) => res.json({ user: req.user, ...req.limitConn }))
app.get('/slow', (req, res) => setTimeout(() => res.send('done\n'), 10_000))
app.get('/zones', (req, res) => res.json(policy.zones.map((zone) => ({ zone: zone.name, ...zone.stats() }))))

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
