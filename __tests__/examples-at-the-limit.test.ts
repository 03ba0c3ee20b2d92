import { expect, it } from '@jest/globals'
import { connectTo, type Client } from './helpers/client.ts'
import { ask, clients, ok, start, statuses, upgrade, type Ask } from './helpers/examples.ts'
import { until } from './helpers/until.ts'

/** Asks, and does not wait for the answer; a round trip of another sees to it that the server has it. */
async function askLater(port: number, path: string, user: string): Promise<Client> {
  const client = await connectTo({ port, isTls: false })
  clients.push(client.get(path, { cookie: `session=${user}` }))
  await statuses(port, 1, { path: '/nowhere', from: '127.0.0.9' })
  return client
}

it('evict-websockets.js: the newest three of a user stay, and the oldest is sent a close frame', async () => {
  const { port } = await start('evict-websockets.js')
  const ofAnn = { ...upgrade, headers: { ...upgrade.headers, authorization: 'ann' } }

  expect(await statuses(port, 5, ofAnn)).toEqual(Array(5).fill(101))
  const [first, second, ...rest] = clients
  const frame = '\x88\x09\x0f\xa1evicted' // of 9 bytes: 4001, and a word
  await until('the two oldest are told', () =>
    [first, second].every((each) => each!.received.endsWith(frame)),
  )
  for (const each of [first, second]) await each!.closed()
  expect(rest.map(({ isClosed, received }) => isClosed || received.endsWith(frame))).toEqual(
    Array(3).fill(false),
  )
  expect(await statuses(port, 1, upgrade)).toEqual([401])
})

it('queue-api.js: two requests of a client run, three wait in the order in which they came, one is refused', async () => {
  const { port } = await start('queue-api.js')
  const path = '/slow'
  const asked = (name: string): Promise<Client> =>
    connectTo({ port, isTls: false }).then((client) => client.get(path, { 'x-api-key': name }))
  const six: Client[] = []
  const order: number[] = []
  for (let n = 0; n < 6; n++) six.push(await asked('a'))
  clients.push(...six)

  await Promise.all(six.map(async (client, n) => client.answer().then(() => order.push(n))))
  expect(six.flatMap((client) => client.statuses)).toEqual([...ok(5), 503])
  expect(order[0]).toBe(5)
  expect(six[5]!.received).toMatch(/^Retry-After: 5\r$/im)
  expect(order.slice(1).map((n) => Math.floor(n / 2))).toEqual([0, 0, 1, 1, 2])
  expect(await statuses(port, 1, { path })).toEqual([401])
}, 20_000)

it('sse-lifetime.js: a stream ends, and goes on where it stopped', async () => {
  const { port } = await start('sse-lifetime.js')
  const { client } = await ask(port, { path: '/events' })
  await client.closed(20_000)
  const last = Number(client.received.match(/(?<=^id: )\d+/gm)!.at(-1))
  expect(last).toBeGreaterThan(1)

  const { client: again } = await ask(port, { path: '/events', headers: { 'last-event-id': String(last) } })
  await until('it goes on', () => /^id: \d+/m.test(again.received))
  expect(again.received).toContain(`id: ${last + 1}\n`)
  const zone = await (await fetch(`http://127.0.0.1:${port}/zone`)).json()
  expect(zone).toMatchObject({ expired: 1, active: 1 })
}, 30_000)

it('tcp-evict-idle.js: a client of an address that is full takes the place of the one that is silent', async () => {
  const { port, child } = await start('tcp-evict-idle.js')
  async function device(from = '127.0.0.1'): Promise<Client> {
    const client = await connectTo({ port, isTls: false }, { localAddress: from })
    clients.push(client)
    await until('it is greeted', () => client.received.startsWith('220 Ready\r\n'))
    return client
  }
  async function talk(client: Client): Promise<void> {
    const before = client.received.length
    client.write('HELLO\r\n')
    await until('it is answered', () => client.received.length > before)
  }

  const [older, silent] = [await device(), await device()]
  await talk(older)
  const other = await device('127.0.0.2')
  await talk(await device())
  await silent.closed()
  expect(silent.received).toBe('220 Ready\r\n421 You came back\r\n')
  expect(await child.says(/^(evicted: 127\.0\.0\.1)$/m)).toBeTruthy()
  expect([older, other].map(({ isClosed }) => isClosed)).toEqual([false, false])
})

it('browser-app.js: an idle connection of a user goes for a new one, and no connection of another', async () => {
  const { port } = await start('browser-app.js')
  const of = (user: string, path = '/'): Ask => ({ path, headers: { cookie: `session=${user}` } })

  const busy = await askLater(port, '/slow', 'a1')
  const { client: idle } = await ask(port, of('a1'))
  const { client: recent } = await ask(port, of('a1'))
  const { client: bob } = await ask(port, of('b2'))
  const { client: guest } = await ask(port, { path: '/' })
  expect(await statuses(port, 1, of('a1'))).toEqual(ok(1))
  await idle.closed()
  expect([busy, recent, bob, guest].map(({ isClosed }) => isClosed)).toEqual(Array(4).fill(false))

  const zones = await (await fetch(`http://127.0.0.1:${port}/zones`)).json()
  expect(zones).toMatchObject([
    { zone: 'per-user', evicted: 1, rejected: 0 },
    { zone: 'per-ip', evicted: 0, rejected: 0 },
  ])
})

it('drain.js: finishes what runs, closes the rest, and says how many of each', async () => {
  const { port, child } = await start('drain.js')
  const { client: idle } = await ask(port, { path: '/nowhere' })
  const slow = await askLater(port, '/slow', 'a1')
  const silent = await connectTo({ port, isTls: false })
  clients.push(silent)
  await ask(port, { method: 'POST', path: '/shutdown' })

  expect(await slow.answer()).toBe(200)
  await child.says(/^(closed)$/m)
  // Idle is also the one that waited for /slow to be heard; /slow and /shutdown were under way.
  const report = await child.says(/^(idle \d, ended \d, cut \d, upgraded \d)$/m)
  expect(report).toBe('idle 3, ended 2, cut 0, upgraded 0')
  expect(await child.exit()).toBe(0)
  await Promise.all([idle.closed(), silent.closed()])
}, 20_000)
