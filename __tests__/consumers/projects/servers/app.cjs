'use strict'

// node app.cjs express4 | express5 | connect
const make = require(process.argv[2])
const { byHeader, limitConn, Zone } = require('limit-conn')

const policy = limitConn({
  limits: [
    { zone: new Zone({ name: 'per-ip' }), limit: 3 },
    { zone: new Zone({ name: 'per-key' }), key: byHeader('x-api-key'), limit: 1 },
  ],
  logLevel: false,
})
const app = make()
app.use('/zones', (req, res) => res.end(JSON.stringify(policy.zones.map((zone) => zone.stats().active))))
app.use(policy)
app.use((req, res) => res.write(JSON.stringify(req.limitConn)))

const server = app.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
