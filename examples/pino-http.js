'use strict'

// Shows: the status of the limit in each entry of pino-http, and limit-conn's own lines with fields, by one logger.
// Try: for n in 1 2 3 4; do curl -s http://127.0.0.1:3000/slow & done; wait
const express = require('express')
const pino = require('pino')
const { pinoHttp } = require('pino-http')
const { limitConn } = require('limit-conn')

const logger = pino()
const app = express()

// Before the policy, or refusals are not in it.
app.use(pinoHttp({ logger, customProps: (req) => ({ limitConn: req.limitConn?.status }) }))
app.use(limitConn({ limit: 3, logger, logLevel: 'warn', skip: ['/health'] }))

app.get('/health', (req, res) => res.send('ok\n'))
app.get('/slow', (req, res) => {
  res.write('one moment\n')
  setTimeout(() => res.end('done\n'), 1_000)
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
