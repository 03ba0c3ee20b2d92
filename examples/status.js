'use strict'

// Shows: who holds how many connections, as JSON and as a page, with reset and kick, for those who know the password.
// Try: curl -u admin:secret http://127.0.0.1:3000/status/limit_conns or, in a browser, http://127.0.0.1:3000/status/
// and what other limits would do: npx limit-conn advise http://127.0.0.1:3000/status --header 'authorization: Basic YWRtaW46c2VjcmV0'
const { createHash, timingSafeEqual } = require('node:crypto')
const express = require('express')
const { limitConn } = require('limit-conn')
const { statusRouter } = require('limit-conn/status')

const digest = (text = '') => createHash('sha256').update(text).digest()
const password = process.env.STATUS_PASSWORD ?? 'secret'
const expected = digest(`Basic ${Buffer.from(`admin:${password}`).toString('base64')}`)
const authorize = (req) => timingSafeEqual(digest(req.headers.authorization), expected)

const policy = limitConn({ limit: 3 })
const app = express()

app.use('/status', (req, res, next) => {
  if (authorize(req)) return next()
  res.status(401).set('WWW-Authenticate', 'Basic realm="status"').end() // so that a browser asks for it
})
app.use('/status', statusRouter({ zones: policy.zones, authorize })) // in front of the policy: it is not limited by it

app.use(policy)
app.get('/slow', (req, res) => {
  res.write('you are let in\n')
  setTimeout(() => res.end('done\n'), 10_000)
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
