import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import { expect, it } from '@jest/globals'
import { Child } from '../helpers/child.ts'

const script = (name: string): string => path.join(__dirname, '../../examples/demo', name)

async function freePort(): Promise<string> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}

async function runClient(env: NodeJS.ProcessEnv): Promise<string> {
  const client = new Child([script('client.js')], { env })
  expect(await client.exit()).toBe(0)
  return client.stdout
}

it('the demo says what to try, passes five of twelve connections, and has none at the end', async () => {
  const env = { PORT: await freePort() }
  await new Child([script('server.js')], { env }).says(/(npm run demo)/)

  const page = await fetch(`http://127.0.0.1:${env.PORT}/status/`)
  expect([page.status, await page.text()]).toEqual([200, expect.stringMatching(/^<!doctype html>/i)])

  const stdout = await runClient(env)
  const numbers = (row: string): number[] =>
    stdout
      .split('\n')
      .find((line) => line.includes(` ${row} `))!
      .match(/\d+/g)!
      .map(Number)
  const answers = Array.from({ length: 12 }, (_, n) => numbers(`connection ${n + 1}`)[1])

  expect(answers.filter((answer) => answer === 200)).toHaveLength(5)
  expect(answers.filter((answer) => answer === 503)).toHaveLength(7)
  expect(numbers('before')).toEqual([0, 0, 0, 0])
  expect(numbers('during')).toEqual([5, 7, 5, 5])
  expect(numbers('after')).toEqual([5, 7, 0, 5])
  expect(stdout).toContain('5 passed, 7 refused, 0 active at the end')
})

it('the demo comes to an end while somebody else holds a connection', async () => {
  const env = { PORT: await freePort() }
  await new Child([script('server.js')], { env }).says(/(npm run demo)/)
  const other = http.get({ port: env.PORT, path: '/events', agent: false })
  await once(other, 'response')

  expect(await runClient(env)).toContain('4 passed, 8 refused, 1 active at the end')
  other.destroy()
})

it('the client of the demo says what to do where no server runs', async () => {
  const client = new Child([script('client.js')], { env: { PORT: await freePort() } })

  expect(await client.exit()).toBe(1)
  expect(client.stderr).toContain('run npm start first')
})
