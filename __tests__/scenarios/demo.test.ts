import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, it } from '@jest/globals'

const script = (name: string): string => path.join(__dirname, '../../examples/demo', name)
const started: ChildProcess[] = []

afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
})

async function freePort(): Promise<string> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}

it('the demo says what to try, passes five of twelve connections, and has none at the end', async () => {
  const env = { ...process.env, PORT: await freePort() }
  const server = spawn(process.execPath, [script('server.js')], { env })
  started.push(server)
  const [greeting] = (await once(server.stdout, 'data')) as [Buffer]
  expect(String(greeting)).toContain('npm run demo')

  const { stdout } = await promisify(execFile)(process.execPath, [script('client.js')], { env })
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
  const env = { ...process.env, PORT: await freePort() }
  const server = spawn(process.execPath, [script('server.js')], { env })
  started.push(server)
  await once(server.stdout, 'data')
  const other = http.get({ port: env.PORT, path: '/events', agent: false })
  await once(other, 'response')

  const { stdout } = await promisify(execFile)(process.execPath, [script('client.js')], { env })
  expect(stdout).toContain('4 passed, 8 refused, 1 active at the end')
  other.destroy()
})

it('the client of the demo says what to do where no server runs', async () => {
  const env = { ...process.env, PORT: await freePort() }
  const run = promisify(execFile)(process.execPath, [script('client.js')], { env })

  await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('run npm start first') })
})
