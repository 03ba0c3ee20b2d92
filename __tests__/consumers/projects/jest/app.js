const express = require('express')
const { limitConn } = require('limit-conn')

/** The application of a user of Express, who tests it by jest and supertest. */
exports.makeApp = function makeApp(held) {
  const app = express()
  app.use(limitConn({ limit: 2, logLevel: false }))
  app.get('/held', (req, res) => held.push(res))
  app.get('/', (req, res) => res.json(req.limitConn))
  return app
}
