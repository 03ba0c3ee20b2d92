import type { ServerHttp2Stream } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { connect2, type Session, type Stream } from '../helpers/client2.ts'
import type { Client } from '../helpers/client.ts'
import { fullyQueueing, plain, type Queueing, type Way } from '../helpers/queueing.ts'
import { nextTurn, until } from '../helpers/until.ts'

const kinds = [plain, { ...plain, tls: true }]
const kinds2 = kinds.map((way) => ({ ...way, http2: true }))
const upload = (length: number): string =>
  `POST /left HTTP/1.1\r\nHost: test\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`

const leaves: Record<string, (client: Client) => void> = {
  'ends its side': (client) => client.socket.end(),
  'closes the connection': (client) => client.destroy(),
  'resets the connection': (client) => client.reset(),
}

/** The only slot is given back: whoever comes first now comes in. */
async function expectNextIn({ held, zone }: Queueing, path: string): Promise<void> {
  held.answerFirst()
  await held.arrived(1)
  expect(held.paths).toEqual(['/first', path])
  expect(zone.stats()).toMatchObject({ waiting: 0, active: 1, passed: 2 })
}

describe.each(kinds)('TLS $tls: a client that waits', (way: Way) => {
  it.each(Object.keys(leaves))('gives its place up if it %s', async (name) => {
    const all = await fullyQueueing({}, way)
    const client = await all.server.get('/left')
    await all.waiting(1)
    await all.lineUp(['/stays'])
    leaves[name]!(client)

    await all.waiting(1)
    await expectNextIn(all, '/stays')
  })

  it('gives its place up if the server closes its connection', async () => {
    const all = await fullyQueueing({}, way)
    await all.lineUp(['/left', '/stays'])
    const { socket } = all.held.waiting[0]!.req
    const other = [...all.server.sockets].find((each) => each.remotePort !== socket.remotePort)!
    other.destroy()

    await all.waiting(1)
    await expectNextIn(all, '/stays')
  })

  it('gives its place up at a sweep if nobody tells that it has gone', async () => {
    const all = await fullyQueueing({ sweep: { everyMs: 50 } }, way)
    const client = await all.server.get('/left')
    await all.waiting(1)
    const { remotePort } = all.held.waiting[0]!.req.socket
    const sockets = all.server.sockets as Set<Socket>
    for (const socket of sockets) {
      if (socket.remotePort === remotePort) continue
      socket.removeAllListeners('close')
      sockets.delete(socket)
    }
    client.reset()

    await all.waiting(0)
    expect(all.zone.stats()).toMatchObject({ waiting: 0, active: 1 })
  })

  it.each([50_000, 1_000_000])(
    'is not let in if it has reset an upload of %d bytes that nobody read',
    async (size) => {
      const all = await fullyQueueing({}, way)
      const client = (await all.server.connect()).write(upload(size))
      await all.waiting(1)
      await all.lineUp(['/stays'])
      await until('no more is taken', () => client.socket.bytesWritten > 0 && hasStopped(all))
      client.reset()
      await until('the client has gone', () => client.isClosed)

      await expectNextIn(all, '/stays')
    },
  )
})

describe.each(kinds2)('TLS $tls, HTTP/2: a client that waits', (way) => {
  const ends: Record<string, (session: Session, stream: Stream) => void> = {
    'resets its stream': (_, stream) => stream.reset(),
    'destroys its session': (session) => session.destroy(),
  }

  it.each(Object.keys(ends))('gives its place up if it %s', async (name) => {
    const all = await fullyQueueing({}, way)
    const session = await connect2(all.server)
    const stream = session.get('/left')
    await all.waiting(1)
    await all.lineUp(['/stays'])
    ends[name]!(session, stream)

    await all.waiting(1)
    await expectNextIn(all, '/stays')
  })

  it('gives its place up if it resets an upload that nobody read', async () => {
    const all = await fullyQueueing({}, way)
    const session = await connect2(all.server)
    const stream = session.post('/left')
    stream.stream.write('x'.repeat(1_000_000))
    await all.waiting(1)
    await all.lineUp(['/stays'])
    stream.reset()

    await all.waiting(1)
    await expectNextIn(all, '/stays')
  })
})

/** Whether the sockets of the server have read all that they want. */
function hasStopped({ server }: Queueing): boolean {
  return [...server.sockets].some((socket) => socket.isPaused() || socket.bytesRead > 10_000)
}

const crowds = [
  { ...plain, count: 1_000 },
  { ...plain, tls: true, count: 200 },
]

describe.each(crowds)('TLS $tls: $count clients that leave while they wait', ({ count, ...way }) => {
  it.each(['closes the connection', 'resets the connection'])('each %s: nothing is left', async (name) => {
    const all = await fullyQueueing({ sweep: { everyMs: 100 } }, way)
    const clients: Client[] = []
    for (let n = 0; n < count; n += 100) {
      clients.push(...(await Promise.all(Array.from({ length: 100 }, () => all.server.get('/left')))))
    }
    await all.waiting(count)
    for (const client of clients) leaves[name]!(client)
    await all.waiting(0)
    await until('only the first is left', () => all.policy.watched === 1)

    all.held.release()
    await nextTurn()
    expect(all.held.paths).toEqual(['/first'])
    expect(all.zone.stats()).toMatchObject({ queued: count, rejected: 0, passed: 1 })
  })
})

it('1,000 clients that reset uploads that nobody read are not let in, and the next one is', async () => {
  const all = await fullyQueueing({ sweep: { everyMs: 1_000_000, graceMs: 1_000_000 } })
  const clients: Client[] = []
  for (let n = 0; n < 1_000; n += 50) {
    const some = await Promise.all(Array.from({ length: 50 }, () => all.server.connect()))
    clients.push(...some.map((client) => client.write(upload(100_000))))
  }
  await all.waiting(1_000)
  await all.lineUp(['/stays'])
  for (const client of clients) client.reset()
  await until('all have gone', () => clients.every((client) => client.isClosed))

  all.held.answerFirst()
  await until('somebody is let in', () => all.held.runs === 2)
  expect(all.held.paths).toEqual(['/first', '/stays'])
  expect(all.zone.stats()).toMatchObject({ waiting: 0, active: 1, passed: 2 })
  await until('they are closed', () => all.server.sockets.size === 2)
})

/** Node 20 may never come back from the destroy of a stream whose session has lost its client: in a soak, once a minute. */
it('a stream that waits is left alone while others are called, if its connection is lost', async () => {
  const all = await fullyQueueing({}, { ...plain, http2: true })
  const streams: ServerHttp2Stream[] = []
  all.server.server.on('stream', (stream: ServerHttp2Stream) => streams.push(stream))
  const raw = connect(all.server.port, '127.0.0.1').on('error', () => undefined)
  const session = await connect2(all.server, { createConnection: () => raw })
  session.get('/left')
  await all.waiting(1)

  raw.resetAndDestroy()
  all.zone.kick('127.0.0.1')
  await new Promise((resolve) => process.nextTick(() => process.nextTick(() => process.nextTick(resolve))))
  expect(all.zone.stats()).toMatchObject({ kicked: 1, waiting: 0, active: 0 })
  expect(streams.map(({ destroyed }) => destroyed)).toEqual([false])
  await until('it is closed', () => streams.every(({ destroyed }) => destroyed))
})
