'use strict'

// Shows: nginx's $limit_conn_status in the access log of morgan; "-" where no limit applied.
// Try: for n in 1 2 3 4; do curl -s http://127.0.0.1:3000/slow & done; wait
const express = require('express')
const morgan = require('morgan')
const { limitConn } = require('limit-conn')

morgan.token('limit-conn', (req) => req.limitConn?.status)

const app = express()
app.use(morgan(':remote-addr ":method :url" :status :limit-conn')) // before the policy, or refusals are not in it
app.use(limitConn({ limit: 3, skip: ['/health'] }))

app.get('/health', (req, res) => res.send('ok\n'))
app.get('/slow', (req, res) => {
  res.write('one moment\n')
  setTimeout(() => res.end('done\n'), 1_000)
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
