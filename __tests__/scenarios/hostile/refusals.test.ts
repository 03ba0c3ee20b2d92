import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { Child } from '../../helpers/child.ts'
import { Client } from '../../helpers/client.ts'
import { guarded } from '../../helpers/guarded.ts'
import { destroyAfter } from '../../helpers/server.ts'
import { elapse } from '../../helpers/until.ts'

/** What refusing-server.js tells. */
interface Seen {
  readonly runs: number
  readonly accepted: number
  readonly most: number
  readonly late: number
  readonly uncaught: readonly string[]
  readonly connections: number
  readonly rejected: number
}

interface Refusing {
  readonly port: number
  readonly tell: () => Promise<Seen>
}

const program = path.join(__dirname, '..', '..', 'helpers', 'refusing-server.js')
const whole503 = /^HTTP\/1\.1 503 .*please try again later\.\n$/s
const request = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n'

/** A server in a process of its own, whose only slot is taken by a client that says nothing. */
async function refusing(kind: 'http' | 'net', reject: 'respond' | 'line'): Promise<Refusing> {
  const child = new Child([program, kind, reject])
  const port = Number(await child.says(/port (\d+)/))
  const tell = async (): Promise<Seen> => {
    child.send('tell')
    await child.until('it tells', () => child.messages.length > 0)
    return child.messages.pop() as Seen
  }
  connect(port)
  while ((await tell()).connections < 1) await elapse(1)
  return { port, tell }
}

function connect(port: number, options: object = {}): Client {
  const client = new Client(net.connect({ port, host: '127.0.0.1', ...options }))
  destroyAfter(client)
  return client
}

async function inWaves(waves: number, size: number, act: (n: number) => Promise<unknown>): Promise<void> {
  for (let wave = 0; wave < waves; wave++) {
    await Promise.all(Array.from({ length: size }, (_, n) => act(n)))
  }
}

/** Resets as soon as it is connected, or a moment later, or at the first byte of the answer. */
async function comeAndReset(port: number, n: number): Promise<void> {
  const { socket } = new Client(net.connect({ port, host: '127.0.0.1' }))
  const reset = (): unknown => socket.resetAndDestroy()
  socket.on('connect', () => {
    if (n % 2 > 0) socket.write(request)
    if (n % 3 === 0) reset()
    if (n % 3 === 1) setTimeout(reset, Math.random() * 3)
    if (n % 3 === 2) socket.once('data', reset)
  })
  await new Promise((resolve) => socket.once('close', resolve))
}

async function readAll(client: Client): Promise<string> {
  await client.closed(10_000)
  return client.received
}

it('A-17: 10,000 clients that reset while they are answered 503 raise no error, and no handler runs', async () => {
  const { port, tell } = await refusing('http', 'respond')
  await inWaves(40, 250, (n) => comeAndReset(port, n))
  await elapse(1_100)

  const { rejected, ...seen } = await tell()
  expect(seen).toMatchObject({ runs: 0, late: 0, uncaught: [], accepted: 10_001, connections: 1 })
  expect(rejected).toBeGreaterThan(3_000)
  expect(await readAll(connect(port))).toMatch(whole503)
}, 60_000)

it('A-17, N10: those that read see the whole 503, though 50 KB of theirs are on the way', async () => {
  const { port, tell } = await refusing('http', 'respond')
  const answers: string[] = []
  await inWaves(5, 100, async () => {
    answers.push(await readAll(connect(port).write(request.repeat(1_400))))
  })

  const startMs = performance.now()
  while ((await tell()).connections > 1) await elapse(1)
  expect(performance.now() - startMs).toBeLessThan(700)
  expect(answers.filter((text) => whole503.test(text)).length).toBeGreaterThanOrEqual(495)
  expect(await tell()).toMatchObject({ runs: 0, uncaught: [], rejected: 500 })
})

it('A-17: of 1,200 that never read and never close 1,024 are waited for, and none longer than a second', async () => {
  const { port, tell } = await refusing('http', 'respond')
  await inWaves(1, 1_200, async () => {
    const client = connect(port, { allowHalfOpen: true }).get()
    client.socket.pause()
    await once(client.socket, 'connect')
  })
  while ((await tell()).accepted < 1_201) await elapse(1)
  await elapse(1_100)

  const { most, ...seen } = await tell()
  expect(seen).toMatchObject({ runs: 0, late: 0, uncaught: [], connections: 1, rejected: 1_200 })
  expect(most).toBeLessThanOrEqual(1_025)
})

it('N12: 1,000 clients that reset while a function of the user answers raise no error', async () => {
  const { port, tell } = await refusing('net', 'line')
  const polite = connect(port)
  expect(await readAll(polite)).toBe('busy\r\n')
  await inWaves(10, 100, (n) => comeAndReset(port, n))
  await elapse(1_100)

  expect(await tell()).toMatchObject({ runs: 1, late: 0, uncaught: [], accepted: 1_002, connections: 1 })
})

describe.each(['net', 'tls', 'http', 'https'] as const)('N11: 30 clients refused on %s', (kind) => {
  it.each([
    ['destroy', undefined],
    ['reset', 'ECONNRESET'],
  ] as const)('that are told to %s end with %s', async (reject, code) => {
    const { port, zone } = await guarded(kind, { limit: 1, reject })
    connect(port)
    const clients: Client[] = []
    for (let n = 0; n < 30; n++) clients.push(connect(port))
    for (const client of clients) await client.closed()

    expect(new Set(clients.map(({ error }) => error?.code))).toEqual(new Set([code]))
    expect(new Set(clients.map(({ received }) => received))).toEqual(new Set(['']))
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 30 })
  })
})
