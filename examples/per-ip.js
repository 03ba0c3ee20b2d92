'use strict'

// Shows: at most 10 connections of one client address; the next one is answered 503 and closed.
// Try: for n in $(seq 12); do curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:3000/slow & done; wait
const express = require('express')
const { limitConn } = require('limit-conn')

const app = express()
app.use(limitConn({ limit: 10 }))

app.get('/', (req, res) => res.json(req.limitConn)) // { status: 'PASSED', zone: 'limit-conn', limit: 10, active: 1 }
app.get('/slow', (req, res) => {
  res.write('one moment\n')
  setTimeout(() => res.end('done\n'), 10_000)
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
