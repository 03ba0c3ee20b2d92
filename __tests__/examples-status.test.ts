import { expect, it } from '@jest/globals'
import { Child } from './helpers/child.ts'
import { ask, clients, ok, start, statuses } from './helpers/examples.ts'
import { fencesOfDocuments, root } from './helpers/fences.ts'
import path from 'node:path'

/** The commands of docs/observe.md that ask this example. */
const commands = fencesOfDocuments()
  .filter(({ where, language }) => where.startsWith(path.join('docs', 'observe.md')) && language === 'sh')
  .flatMap(({ code }) => code.split('\n').filter((line) => line.startsWith('curl ')))
const me = { authorization: `Basic ${Buffer.from('admin:secret').toString('base64')}` }

it('status.js: each command of the page is answered; a kick makes room, and a browser is asked for the password', async () => {
  const { port } = await start('status.js')
  const url = `http://127.0.0.1:${port}/status`
  expect(await statuses(port, 4)).toEqual([...ok(3), 503])

  expect(commands.length).toBeGreaterThan(4)
  const answers: unknown[] = []
  for (const command of commands) {
    const [, options, target] =
      /^curl -u admin:secret(.*) '?http:\/\/127\.0\.0\.1:3000\/status([^\s']*)'?$/.exec(command)!
    const [, method = 'GET'] = /-X (\w+)/.exec(options!) ?? []
    const leaving = new AbortController()
    const response = await fetch(`${url}${target}`, { method, headers: me, signal: leaving.signal })
    expect({ command, isOk: response.ok }).toEqual({ command, isOk: true })
    if (target === '/events') leaving.abort()
    else answers.push(method === 'DELETE' && response.status === 204 ? 204 : await response.json())
  }
  expect(answers).toMatchObject([
    { 'limit-conn': { passed: 3, rejected: 1, active: 3, limits: [{ limit: 3, dry_run: false }] } },
    [{ key: '127.0.0.1', active: 3 }],
    { zone: 'limit-conn', candidates: expect.arrayContaining([expect.objectContaining({ limit: 6 })]) },
    { kicked: 3 },
    204,
  ])
  for (const client of clients.slice(0, 3)) await client.closed()
  expect(await statuses(port, 1)).toEqual(ok(1))

  expect((await ask(port, { path: '/status/', passed: 401 })).client.received).toMatch(
    /^WWW-Authenticate: Basic/m,
  )
  expect((await fetch(url, { headers: me })).url).toBe(`${url}/`)
})

it('status.js: limit-conn advise prints a table of its zone', async () => {
  const { port } = await start('status.js')
  const command = path.join(root, 'dist/cli/limit-conn.js')
  const args = ['advise', `http://127.0.0.1:${port}/status`, '--header', `authorization: ${me.authorization}`]
  const child = new Child([command, ...args])
  expect({ code: await child.exit(), stderr: child.stderr }).toEqual({ code: 0, stderr: '' })
  expect(child.stdout).toMatch(/^Zone limit-conn: 0 arrivals since /)
})
