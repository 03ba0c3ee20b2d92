'use strict'

// Shows: find the number with a dry run, look at what it would have refused, then enforce it without a restart.
// Try: for n in 1 2 3 4; do curl -s http://127.0.0.1:3000/slow & done; sleep 1; curl http://127.0.0.1:3001/zone; wait
// and then the same again after: curl -X POST http://127.0.0.1:3001/enforce
const express = require('express')
const { limitConn } = require('limit-conn')

const policy = limitConn({ limit: 3, dryRun: true, logLevel: 'warn' })
const [zone] = policy.zones

const app = express()
app.use(policy)
app.get('/slow', (req, res) => {
  res.write(`${req.limitConn.status}\n`) // PASSED, or REJECTED_DRY_RUN above the limit
  setTimeout(() => res.end('done\n'), 10_000)
})

const admin = express() // a port of its own, for you alone: the keys are your clients' addresses
admin.get('/zone', (req, res) => res.json({ ...zone.stats(), top: zone.top(10) }))
admin.post('/enforce', (req, res) => {
  policy.setConfig({ dryRun: false }) // what is open stays open
  res.json({ dryRun: policy.config.dryRun })
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
const adminServer = admin.listen(process.env.ADMIN_PORT ?? 3001, '127.0.0.1')
adminServer.on('listening', () => console.log(`admin on ${adminServer.address().port}`))
