import { execFile, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import net, { type Socket } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from '@jest/globals'
import { limitServer } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { guarded, type Guarded } from '../helpers/guarded.ts'
import { forget, listen } from '../helpers/server.ts'
import { elapse, until } from '../helpers/until.ts'

const sweep = { everyMs: 20, graceMs: 300 }
const upgrade = { Connection: 'Upgrade', Upgrade: 'foo' }

const expectGivenBack = ({ zone }: Guarded): Promise<void> =>
  until('the sweep has given all back', () => zone.stats().active === 0)

/** Connects 100 clients. */
async function hundred(kind: 'http' | 'https' | 'net', options = {}): Promise<[Guarded, Client[]]> {
  const served = await guarded(kind, { limit: 1_000, sweep })
  const clients = await Promise.all(Array.from({ length: 100 }, () => served.connect(options)))
  await until('all are counted', () => served.zone.stats().active === 100)
  return [served, clients]
}

describe.each(['http', 'https'] as const)(
  'A-11: 100 of 100 on %s, after the grace time in silence',
  (kind) => {
    /** A listener that ignores everybody, and 100 clients that are ignored. */
    async function ignored(event: 'upgrade' | 'connect'): Promise<[Guarded, Client[]]> {
      const [served, clients] = await hundred(kind)
      let met = 0
      served.server.on(event, () => met++)
      for (const client of clients) {
        if (event === 'upgrade') client.get('/', upgrade)
        else client.write('CONNECT test:1 HTTP/1.1\r\nHost: test\r\n\r\n')
      }
      await until('all are ignored', () => met === 100)
      return [served, clients]
    }

    it.each([
      ['upgrade', 'a FIN', ''],
      ['upgrade', 'unread bytes and a FIN', 'x'.repeat(20)],
      ['connect', 'a FIN', ''],
      ['connect', 'unread bytes and a FIN', 'x'.repeat(20)],
    ] as const)('F43, F61: frees an ignored %s after %s', async (event, _, bytes) => {
      const [served, clients] = await ignored(event)
      for (const client of clients) client.write(bytes).socket.end()
      await expectGivenBack(served)
    })

    it.each(['upgrade', 'connect'] as const)(
      'N43: frees an ignored %s after 300 KB and a reset',
      async (event) => {
        const [served, clients] = await ignored(event)
        for (const client of clients) client.write('x'.repeat(300_000))
        await until('some of it has come', () =>
          [...served.sockets].every((socket) => socket.bytesRead > 1_000),
        )
        for (const client of clients) client.reset()
        await expectGivenBack(served)
      },
    )

    it('N19: frees what the clientError sample of the documentation leaves half open', async () => {
      const [served, clients] = await hundred(kind, { allowHalfOpen: true })
      let met = 0
      served.server.on('clientError', (_error, socket: Socket) => {
        met++
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
      })
      for (const client of clients) client.write('no HTTP at all\r\n\r\n')
      await until('all have failed', () => met >= 100)
      await expectGivenBack(served)
    })

    it('N19: what a clientError listener that does nothing leaves open stays counted, and goes with its client', async () => {
      const [served, clients] = await hundred(kind)
      let met = 0
      served.server.on('clientError', () => met++)
      for (const client of clients) client.write('no HTTP at all\r\n\r\n')
      await until('all have failed', () => met >= 100)
      expect(served.zone.stats().active).toBe(100)

      for (const client of clients) client.socket.end()
      await expectGivenBack(served)
    })

    it('never cuts an upgraded connection that is open, silent and consumed', async () => {
      const served = await guarded(kind, { limit: 9, sweep: { everyMs: 5, graceMs: 20 } })
      served.server.on('upgrade', (_req, socket: Socket) => void socket.resume())
      const client = await served.get('/', upgrade)
      await elapse(300)

      expect(served.zone.stats().active).toBe(1)
      expect(client.isClosed).toBe(false)
    })

    it('never cuts a half-closed tunnel on which bytes still move', async () => {
      const served = await guarded(kind, { limit: 9, sweep: { everyMs: 20, graceMs: 600 } })
      served.server.on('connect', (_req, socket: Socket) => {
        socket.allowHalfOpen = true
        socket.on('end', () => undefined).resume()
        const timer = setInterval(() => socket.write('.'), 20)
        socket.on('close', () => clearInterval(timer))
      })
      const client = await served.connect({ allowHalfOpen: true })
      client.write('CONNECT test:1 HTTP/1.1\r\nHost: test\r\n\r\n')
      await until('bytes move', () => client.received.includes('..'))
      client.socket.end()
      const before = client.received.length
      await elapse(1_500)

      expect(served.zone.stats().active).toBe(1)
      expect(client.isClosed).toBe(false)
      expect(client.received.length).toBeGreaterThan(before)
    })
  },
)

it('F15: frees 100 sockets of TCP whose FIN the application never answers', async () => {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => void socket.resume())
  const guard = limitServer(server, { limit: 1_000, logLevel: false, sweep })
  const { port } = await listen(server, { policies: [guard], guard })
  const clients = Array.from({ length: 100 }, () => tcp(port, { allowHalfOpen: true }))
  await until('all are counted', () => guard.zones[0]!.stats().active === 100)
  for (const client of clients) client.end()

  for (const client of clients) await closedByServer(client)
  await until('all are given back', () => guard.zones[0]!.stats().active === 0)
})

it('N43: frees 100 sockets of TCP that were reset behind bytes that nobody reads', async () => {
  const server = net.createServer((socket) => void socket.pause())
  const guard = limitServer(server, { limit: 1_000, logLevel: false, sweep })
  const { connect, sockets } = await listen(server, { policies: [guard], guard })
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect()))
  for (const client of clients) client.write('x'.repeat(300_000))
  await until('some of it has come', () => [...sockets].every(({ bytesRead }) => bytesRead > 1_000))
  for (const client of clients) client.reset()

  await until('all are given back', () => guard.zones[0]!.stats().active === 0)
})

// Lives until the servers were closed: only it can tell how many of the connections are open.
const takers: ChildProcess[] = []
afterAll(() => takers.forEach((taker) => taker.kill()))

describe('A-28: 100 each, after one sweep', () => {
  it.each(['net', 'http'] as const)(
    'N37: gives back what was handed to another process, %s',
    async (kind) => {
      const [served] = await hundred(kind)
      const taker = fork(path.join(__dirname, '../helpers/taker.js'))
      takers.push(taker)
      for (const socket of served.sockets) {
        taker.send('socket', socket)
        await once(taker, 'message')
      }
      await expectGivenBack(served)
      await until('none is watched', () => served.guard.watched === 0)
      forget(served)
    },
  )

  it.each(['net', 'http', 'https'] as const)('gives back what lost its close listeners, %s', async (kind) => {
    const [served, clients] = await hundred(kind)
    for (const socket of served.sockets) socket.removeAllListeners('close')
    for (const client of clients) client.reset()
    await expectGivenBack(served)
    forget(served)
  })

  it('gives back what was let in by emit, and lost its close listeners', async () => {
    const inner = http.createServer(() => undefined)
    const guard = limitServer(inner, { limit: 1_000, logLevel: false, sweep })
    const outer = net.createServer((socket) => {
      inner.emit('connection', socket)
      socket.removeAllListeners('close')
    })
    const { connect, sockets } = await listen(outer, { policies: [guard] })
    const clients = await Promise.all(Array.from({ length: 100 }, () => connect()))
    await until('all are counted', () => guard.zones[0]!.stats().active === 100)
    for (const client of clients) client.reset()

    await until('all are given back', () => guard.zones[0]!.stats().active === 0)
    await until('none is left', () => [...sockets].every((socket) => socket.destroyed))
    forget({ sockets })
  })

  it('a close listener of somebody else that throws before ours does not keep the slot', async () => {
    const script = path.join(__dirname, '../helpers/throwing-listener.js')
    const { stdout } = await promisify(execFile)(process.execPath, [script, 'guard'])
    expect(JSON.parse(stdout)).toEqual({ passed: 100, active: 0, thrown: 100, isClean: true })
  })
})

it('N47: 500 clients of https that reset 0 to 5 ms after they asked, and five can be held again, never more', async () => {
  const served = await guarded('https', { limit: 50, sweep: { everyMs: 50, graceMs: 100 } })
  for (let round = 0; round < 10; round++) {
    const leave = async (): Promise<void> => {
      const client = await served.get()
      await elapse(Math.random() * 5)
      client.reset()
    }
    await Promise.all(Array.from({ length: 50 }, leave))
    await expectGivenBack(served)
  }
  served.guard.setConfig({ limit: 5 })
  for (let n = 0; n < 5; n++) tcp(served.port)
  await until('five are held', () => served.zone.stats().active === 5)
  await closedByServer(tcp(served.port))
  expect(served.zone.stats()).toMatchObject({ passed: 505, rejected: 1, active: 5 })
})
