'use strict'

// Shows: Connect, a refusal of your own words, and health probes that are never counted or refused.
// Try: for n in 1 2 3 4; do curl -si http://127.0.0.1:3000/ & done; curl http://127.0.0.1:3000/healthz; wait
const connect = require('connect')
const { limitConn } = require('limit-conn')

const policy = limitConn({
  limit: 3,
  skip: ['/healthz'],
  message: { error: 'You have too many connections open.' },
  retryAfter: 5,
})

const app = connect()
app.use(policy)
app.use('/healthz', (req, res) => res.end('ok\n'))
app.use((req, res) => {
  res.write('one moment\n')
  setTimeout(() => res.end('done\n'), 10_000)
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
