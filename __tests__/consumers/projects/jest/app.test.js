const request = require('supertest')
const { LimitConnError, limitConn } = require('limit-conn')
const { makeApp } = require('./app.js')

test('answers, and tells what is counted', async () => {
  const { body } = await request(makeApp([])).get('/').expect(200)
  expect(body).toEqual({ status: 'PASSED', zone: expect.any(String), limit: 2, active: 1 })
})

test('refuses one above the limit', async () => {
  const held = []
  const server = makeApp(held).listen(0)
  const answers = [1, 2, 3].map(async () => request(server).get('/held'))
  const first = await Promise.race(answers)
  expect(first.status).toBe(503)

  for (const res of held) res.end()
  const statuses = (await Promise.all(answers)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(2)
  await new Promise((resolve) => {
    server.close(resolve)
  })
})

test('throws errors of its own class', () => {
  expect(() => limitConn({ limit: 0 })).toThrow(LimitConnError)
  expect(() => limitConn({ limt: 1 })).toThrow('did you mean limit?')
})
