'use strict'

// A bare server whose handler throws behind an async key. Prints how the process learns of it.
const http = require('node:http')
const { limitConn } = require('../../dist')

const policy = limitConn({ limit: 1, key: async () => 'k', skip: async () => false, logLevel: false })
const heard = []
process.on('uncaughtException', (error) => heard.push(`uncaught ${error.message}`))
process.on('unhandledRejection', (error) => heard.push(`unhandled ${error.message}`))

const server = http.createServer((req, res) => {
  policy(req, res, () => {
    setImmediate(() => res.end())
    throw new Error('theirs')
  })
})

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  http.get({ port, agent: false }, (response) => {
    response.resume().on('end', () => {
      console.log(JSON.stringify(heard))
      process.exit()
    })
  })
})
