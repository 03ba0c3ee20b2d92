import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { connectTo, type Client } from './helpers/client.ts'
import { ask, clients, folder, ok, start, statuses, upgrade, type Ask } from './helpers/examples.ts'
import { until } from './helpers/until.ts'

const files = readdirSync(folder).filter((name) => name.endsWith('.js'))

const passedOf = ({ passed = 200 }: Ask = {}): number => passed

/** Closes a connection, and asks until the server has seen that. */
async function closeOneAndAskAgain(port: number, leaving: Client, what?: Ask): Promise<void> {
  leaving.destroy()
  const deadline = performance.now() + 10_000
  while ((await ask(port, what)).status !== passedOf(what)) {
    if (performance.now() > deadline) throw new Error('there is no room again')
  }
}

/** A limit passes, the next is refused, and after one has closed there is room again, for one. */
async function checkLimit(port: number, limit: number, what?: Ask): Promise<Client> {
  const { client: first, status } = await ask(port, what)
  expect([status, ...(await statuses(port, limit - 1, what))]).toEqual(Array(limit).fill(passedOf(what)))
  const refused = await ask(port, what)
  expect(refused.status).toBe(503)

  await closeOneAndAskAgain(port, first, what)
  expect(await statuses(port, 1, what)).toEqual([503])
  return refused.client
}

describe.each(files)('examples/%s', (name) => {
  const lines = readFileSync(path.join(folder, name), 'utf8').split('\n')

  it('is under 40 lines, and says at the top what it shows and what to try', () => {
    expect(lines.length).toBeLessThanOrEqual(40)
    expect(lines.slice(0, 2)).toEqual(["'use strict'", ''])
    expect(lines[2]).toMatch(/^\/\/ Shows: .+[.]$/)
    expect(lines[3]).toMatch(/^\/\/ Try: .*curl /)
  })

  it('is in the list of examples', () => {
    expect(readFileSync(path.join(folder, 'README.md'), 'utf8')).toContain(`[${name}](${name})`)
  })
})

it('per-ip.js: ten connections of one address pass, the eleventh is refused and closed', async () => {
  const { port } = await start('per-ip.js')

  const refused = await checkLimit(port, 10)
  await refused.closed()
  expect(refused.received).toMatch(/^Connection: close\r$/im)
  expect(await statuses(port, 1, { from: '127.0.0.2' })).toEqual(ok(1))
})

it('per-key.js: each plan has its number, and an invented key does not get around the address', async () => {
  const { port } = await start('per-key.js')
  const withKey = (key: string): Ask => ({ headers: { 'x-api-key': key } })

  await checkLimit(port, 2, withKey('free-1'))
  expect(await statuses(port, 2, withKey('nobody'))).toEqual([200, 503])
  expect(await statuses(port, 1, withKey('invented-1'))).toEqual(ok(1))
  expect(await statuses(port, 5, withKey('pro-1'))).toEqual([200, 200, 200, 200, 503])
  expect(await statuses(port, 1, withKey('invented-2'))).toEqual([503])
  expect(await statuses(port, 1)).toEqual([503])
  expect(await statuses(port, 7, { ...withKey('pro-1'), from: '127.0.0.2' })).toEqual([
    200, 200, 503, 503, 503, 503, 503,
  ])
})

it('dry-run.js: refuses nobody and counts whom it would have refused, until it is told to enforce', async () => {
  const { port, child } = await start('dry-run.js')
  const adminPort = Number(await child.says(/^admin on (\d+)$/m))
  const admin = async (route: string, method = 'GET'): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${adminPort}${route}`, { method })).json()

  expect(await statuses(port, 5)).toEqual(ok(5))
  const said = (): unknown[] => clients.map(({ received }) => /^(PASSED|REJECTED\w*)$/m.exec(received)?.[1])
  await until('each is told its status', () => said().every(Boolean))
  expect(said()).toEqual([...Array<string>(3).fill('PASSED'), ...Array<string>(2).fill('REJECTED_DRY_RUN')])
  expect(await admin('/zone')).toMatchObject({
    passed: 3,
    rejectedDryRun: 2,
    rejected: 0,
    top: [{ key: '127.0.0.1', active: 5, peak: 5 }],
  })

  expect(await admin('/enforce', 'POST')).toEqual({ dryRun: false })
  expect(await statuses(port, 1)).toEqual([503])
  expect(await admin('/zone')).toMatchObject({ active: 5, rejected: 1 })

  const [first, second, third] = clients
  first!.destroy()
  second!.destroy()
  await closeOneAndAskAgain(port, third!)
  expect(await statuses(port, 1)).toEqual([503])
})

it('sse.js: three streams of one client; their slots come back when they end, though the connections stay', async () => {
  const { port } = await start('sse.js')
  const events = { path: '/events' }

  const refused = await checkLimit(port, 3, events)
  expect(refused.received).toMatch(/^Retry-After: 30\r$/im)
  expect(refused.isClosed).toBe(false)

  const open = clients.filter(({ received, isClosed }) => received.includes('event-stream') && !isClosed)
  const { status, client } = await ask(port, { method: 'DELETE', path: '/events' })
  expect(status).toBe(200)
  await until('it says how many it ended', () => client.received.includes('{"ended":3}'))
  expect(await statuses(port, 4, events)).toEqual([200, 200, 200, 503])
  expect(open.every(({ isClosed }) => !isClosed)).toBe(true)
})

it('multi-limit.js: a user, an address and all together each have a limit, and all must have room', async () => {
  const { port } = await start('multi-limit.js')
  const user = (authorization: string, from?: string): Ask => ({ headers: { authorization }, from })

  await checkLimit(port, 2, user('ann'))
  expect(await statuses(port, 3, user('bob'))).toEqual([200, 200, 503])
  expect(await statuses(port, 1)).toEqual([503])
  expect(await statuses(port, 1, user('ann', '127.0.0.2'))).toEqual([503])
  expect(await statuses(port, 3, { from: '127.0.0.2' })).toEqual([200, 200, 503])
  expect(await statuses(port, 1, { from: '127.0.0.3' })).toEqual([503])
})

it('bare-http.js: three connections of one address pass, the fourth is refused', async () => {
  const { port } = await start('bare-http.js')

  await checkLimit(port, 3)
})

it('connect.js: refuses in its own words, and answers health probes while it is full', async () => {
  const { port } = await start('connect.js')

  const refused = await checkLimit(port, 3)
  expect(refused.received).toMatch(/^Retry-After: 5\r$/im)
  await refused.closed()
  expect(refused.received).toContain('{"error":"You have too many connections open."}')
  expect(await statuses(port, 2, { path: '/healthz' })).toEqual(ok(2))
})

describe('guard.js', () => {
  /** Connects, asks nothing, and says whether it is closed; `at` is where the zone can be asked. */
  async function connectSilently(port: number, zoneNow: () => Promise<{ passed: number; rejected: number }>) {
    const before = await zoneNow()
    const client = await connectTo({ port, isTls: false })
    clients.push(client)
    for (;;) {
      const { passed, rejected } = await zoneNow()
      if (passed > before.passed) return client
      if (rejected > before.rejected) return client.closed().then(() => client)
    }
  }

  it('three of one address are served, up to six are told why not, and the seventh is closed', async () => {
    const { port, child } = await start('guard.js')
    const adminPort = Number(await child.says(/^admin on (\d+)$/m))
    const zoneNow = async () =>
      (await (await fetch(`http://127.0.0.1:${adminPort}/zone`)).json()) as {
        passed: number
        rejected: number
      }

    await checkLimit(port, 3)
    const silent: Client[] = []
    for (let n = 1; n <= 4; n++) silent.push(await connectSilently(port, zoneNow))
    expect(silent.map(({ isClosed, received }) => [isClosed, received])).toEqual([
      [false, ''],
      [false, ''],
      [false, ''],
      [true, ''],
    ])
    expect(await zoneNow()).toMatchObject({ active: 6, top: [{ key: '127.0.0.1' }], dropped: 0 })
    expect((await ask(port, { from: '127.0.0.2' })).status).toBe(200)

    silent[0]!.get()
    expect(await silent[0]!.answer()).toBe(503)
  })
})

it('cluster.js: three connections of one address pass in both workers together, the fourth is refused', async () => {
  const { port } = await start('cluster.js')

  await checkLimit(port, 3)
  const workers = new Set(
    clients.map(({ received }) => /^worker (\d+)$/m.exec(received)?.[1]).filter(Boolean),
  )
  expect(workers.size).toBe(2)
  expect(await statuses(port, 1, { from: '127.0.0.2' })).toEqual(ok(1))
})

it('tcp.js: three connections are served, and the fourth is told why in the words of its protocol', async () => {
  const { port, child } = await start('tcp.js')
  async function line(): Promise<[Client, string]> {
    const client = await connectTo({ port, isTls: false })
    clients.push(client)
    await until('it says a line', () => client.received.endsWith('\r\n'))
    return [client, client.received]
  }
  const open = [await line(), await line(), await line()]
  expect(open.map(([, said]) => said)).toEqual(Array(3).fill('220 Ready\r\n'))
  const [refused, said] = await line()
  expect(said).toBe('421 Too many connections, try again later\r\n')
  await refused.closed()
  expect(await child.says(/^(127\.0\.0\.1 has 3 connections already)$/m)).toBeTruthy()

  const [leaving] = open[0]!
  leaving.write('QUIT\r\n')
  await leaving.closed()
  expect(leaving.received).toBe('220 Ready\r\n221 Bye\r\n')
  const deadline = performance.now() + 10_000
  while ((await line())[1] !== '220 Ready\r\n') {
    if (performance.now() > deadline) throw new Error('there is no room again')
  }
})

describe('WebSockets', () => {
  it.each([
    ['websocket.js', '/', '{"status":"PASSED","zone":"limit-conn","limit":3,"active":1}'],
    ['ws-verify-client.js', '/', 'you hold 1'],
    ['socket-io.js', '/socket.io/?EIO=4&transport=websocket', '0{"sid":'],
  ])(
    '%s: three of one client; the fourth is answered 503, also once a slot came back',
    async (name, target, hello) => {
      const { port } = await start(name)
      const refused = await checkLimit(port, 3, { ...upgrade, path: target })
      await refused.closed()
      expect(refused.received).toMatch(/^Retry-After: 30\r$/im)
      await until('the first is greeted', () => clients[0]!.received.includes(hello))
      expect(await statuses(port, 1, { ...upgrade, path: target, from: '127.0.0.2' })).toEqual([101])
      expect(await statuses(port, 1)).toEqual([200])
    },
  )

  it('socket-io.js: there is no polling to go on by', async () => {
    const { port } = await start('socket-io.js')
    expect(await statuses(port, 1, { path: '/socket.io/?EIO=4&transport=polling' })).toEqual([400])
  })
})
