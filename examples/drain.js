'use strict'

// Shows: a shutdown that ends within 5 seconds and says how. Idle connections go at once, the others as they finish.
// Try: curl http://127.0.0.1:3000/slow & sleep 1; curl -X POST http://127.0.0.1:3000/shutdown; wait # or: kill, Ctrl+C
const express = require('express')
const { limitConn, limitServer } = require('limit-conn')

const app = express()
app.use(limitConn({ limit: 10 }))
app.get('/slow', (req, res) => setTimeout(() => res.send('done\n'), 3_000))
app.post('/shutdown', (req, res) => {
  res.sendStatus(202)
  void shutDown()
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
const guard = limitServer(server, { limit: 100 }) // it knows every connection; a limitConn those that have asked

async function shutDown() {
  server.close(() => console.log('closed')) // from now on nobody comes in
  const { idle, ended, cut, upgraded } = await guard.drain(5_000)
  console.log(`idle ${idle}, ended ${ended}, cut ${cut}, upgraded ${upgraded}`)
  server.closeAllConnections() // what the guard does not count: what is skipped, what came before it
}

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void shutDown())
