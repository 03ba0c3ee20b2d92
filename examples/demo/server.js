'use strict'

// The demo: at most five connections of one address. `npm run demo` tries it from a second terminal.
const express = require('express')
const { limitConn } = require('limit-conn')
const { statusRouter } = require('limit-conn/status')

const port = Number(process.env.PORT ?? 3000)
const policy = limitConn({ limit: 5, logLevel: 'warn' })
const [zone] = policy.zones

const app = express()
app.get('/zone', (req, res) => res.json({ name: zone.name, ...zone.stats() })) // above the limit: never refused
app.use('/status', statusRouter({ zones: policy.zones })) // for browsers on this machine
app.use(policy)
app.get('/', (req, res) => res.json(req.limitConn))
app.get('/slow', (req, res) => setTimeout(() => res.send('done\n'), 10_000))
app.get('/events', (req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
  const timer = setInterval(() => res.write(`data: ${new Date().toISOString()}\n\n`), 1_000)
  res.on('close', () => clearInterval(timer))
})

app.listen(port, '127.0.0.1', (error) => {
  if (error) {
    console.error(`${error.message}; try PORT=3001 npm start`)
    process.exit(1)
  }
  const url = `http://127.0.0.1:${port}`
  const demo = port === 3000 ? 'npm run demo' : `PORT=${port} npm run demo`
  console.log(`limit-conn demo on ${url}: at most 5 connections of one address. Try:

  ${`${url}/status/`.padEnd(37)} in a browser: the live page
  ${demo.padEnd(37)} in a second terminal: 12 connections, who passed, who got 503
  curl -i ${`${url}/`.padEnd(29)} a fast page
  curl -i ${`${url}/slow`.padEnd(29)} answers after 10 seconds
  curl -N ${`${url}/events`.padEnd(29)} a stream, until you press Ctrl+C
  curl    ${`${url}/zone`.padEnd(29)} the counters of the zone
`)
})
