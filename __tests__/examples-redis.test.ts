import path from 'node:path'
import { expect, it } from '@jest/globals'
import { Child } from './helpers/child.ts'
import { ask, clients, ok, statuses } from './helpers/examples.ts'
import { freePort } from './helpers/redis/launch.ts'
import { sharedPlace } from './helpers/redis/clients.ts'

const example = path.join(__dirname, '../examples/redis')

async function counts(port: number): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${port}/count`)).json()
}

it('redis: two processes let three connections of a client in together, and tell how many there are', async () => {
  const child = new Child([example], { env: { PORT: '0', REDIS_URL: sharedPlace().url } })
  await child.says(/^listening on (\d+ and \d+)$/m)
  const [one, other] = /(\d+) and (\d+)/.exec(child.stdout)!.slice(1).map(Number) as [number, number]

  expect(await statuses(one, 2)).toEqual(ok(2))
  expect(await statuses(other, 2)).toEqual([200, 503])
  expect(await statuses(one, 1)).toEqual([503])
  expect(await counts(one)).toEqual({ here: 2, all: 3 })
  expect(await counts(other)).toEqual({ here: 1, all: 3 })

  clients[0]!.destroy()
  const deadline = performance.now() + 10_000
  while ((await ask(other)).status !== 200) {
    if (performance.now() > deadline) throw new Error('there is no room again')
  }
})

it('redis: says in one line what is missing, where there is no Redis', async () => {
  const port = await freePort()
  const child = new Child([example], { env: { PORT: '0', REDIS_URL: `redis://127.0.0.1:${port}` } })

  expect(await child.exit()).toBe(1)
  expect(child.stderr).toBe(`no Redis at 127.0.0.1:${port}: start redis-server, or set REDIS_URL\n`)
})
