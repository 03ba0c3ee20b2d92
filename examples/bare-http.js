'use strict'

// Shows: node:http without a framework. The third argument is what runs next, and where errors arrive.
// Try: for n in 1 2 3 4; do curl -s http://127.0.0.1:3000/ & done; wait
const http = require('node:http')
const { limitConn } = require('limit-conn')

const policy = limitConn({ limit: 3 })

function handle(req, res) {
  res.write(`${JSON.stringify(req.limitConn)}\n`)
  setTimeout(() => res.end('done\n'), 10_000)
}

const server = http.createServer((req, res) => {
  policy(req, res, (error) => {
    if (error)
      res.writeHead(500).end() // a function of yours failed: nobody is let in
    else handle(req, res)
  })
})

server.listen(process.env.PORT ?? 3000, '127.0.0.1')
server.on('listening', () => console.log(`listening on ${server.address().port}`))
