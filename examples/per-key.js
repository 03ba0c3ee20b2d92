'use strict'

// Shows: API keys with plans, and a limit by address beside them, for anybody can invent a new key.
// Try: for n in 1 2 3; do curl -s -H 'x-api-key: free-1' http://127.0.0.1:3000/slow & done; wait
// and invented keys: for n in $(seq 9); do curl -s -H "x-api-key: new-$n" http://127.0.0.1:3000/slow & done; wait
const express = require('express')
const { byHeader, limitConn, Zone } = require('limit-conn')

const plans = new Map([
  ['free-1', 2],
  ['pro-1', 6],
])

const policy = limitConn({
  limits: [
    {
      zone: new Zone({ name: 'per-key' }),
      key: byHeader('x-api-key'), // without the header this limit does not apply
      limit: (req) => plans.get(req.get('x-api-key')) ?? 1, // only asked where there is a key
    },
    { zone: new Zone({ name: 'per-ip' }), limit: 8 }, // nobody has checked the key: this one holds whatever it says
  ],
})

const app = express()
app.use(policy)
app.get('/slow', (req, res) => {
  res.write(`${JSON.stringify(req.limitConn)}\n`)
  setTimeout(() => res.end('done\n'), 10_000)
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
