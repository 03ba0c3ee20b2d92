import { execFile, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import net, { type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from '@jest/globals'
import { limitConn, type LimitConnOptions } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'
import { elapse, until } from '../helpers/until.ts'

const fast = { everyMs: 20, graceMs: 300 }

async function start(options: Partial<LimitConnOptions> = {}, isTls = false) {
  const policy = limitConn({ limit: 100, logLevel: false, sweep: fast, ...options })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy], tls: isTls })
  const [zone] = policy.zones
  return { policy, held, server, zone: zone! }
}

/** Connections of which each has had one request answered. */
async function idle(n: number, isTls = false) {
  const started = await start({}, isTls)
  const clients = await Promise.all(Array.from({ length: n }, () => started.server.get()))
  await started.held.arrived(n)
  started.held.release()
  await Promise.all(clients.map((client) => client.answer()))
  expect(started.zone.stats().active).toBe(n)
  return { ...started, clients }
}

const isPlain = (socket: Socket): boolean => !('encrypted' in socket)

describe.each([false, true])('ends that Node does not report, TLS %s', (isTls) => {
  it('A-28, F51: gives back at once what lost its close listeners', async () => {
    const { server, clients, zone } = await idle(20, isTls)
    for (const socket of server.sockets) socket.removeAllListeners('close')
    for (const client of clients) client.reset()

    await until('the sweep has given all back', () => zone.stats().active === 0)
    for (const socket of server.sockets) (server.sockets as Set<Socket>).delete(socket)
  })

  it('gives back a request whose response lost its close listeners, on a connection that lives on', async () => {
    const { server, held, zone } = await start({ count: 'requests' }, isTls)
    const client = await server.get()
    await held.arrived(1)
    held.waiting[0]!.res.removeAllListeners('close')
    held.release()
    await client.answer()

    await until('the sweep has given it back', () => zone.stats().active === 0)
    expect(client.isClosed).toBe(false)
  })

  it('never cuts an open connection, however silent', async () => {
    const { held, server, zone } = await start({ sweep: { everyMs: 5, graceMs: 10 } }, isTls)
    const client = await server.get()
    await held.arrived(1)
    await elapse(200)

    expect(zone.stats().active).toBe(1)
    held.release()
    expect(await client.answer()).toBe(200)
  })
})

it('A-28: a close listener of somebody else that throws before ours does not keep the slot', async () => {
  const script = path.join(__dirname, '../helpers/throwing-listener.js')
  const { stdout } = await promisify(execFile)(process.execPath, [script])

  expect(JSON.parse(stdout)).toEqual({ passed: 100, active: 0, thrown: 100, isClean: true })
})

// Lives until the server was closed: only it can tell how many of the connections are open.
let taker: ChildProcess | undefined
afterAll(() => void taker?.kill())

it('N8 of the findings: gives back a socket that was handed to another process', async () => {
  const { server, zone, policy } = await idle(1)
  taker = fork(path.join(__dirname, '../helpers/taker.js'))
  const [socket] = [...server.sockets]
  taker.send('socket', socket)
  await once(taker, 'message')

  expect(socket!.destroyed).toBe(false)
  await until('the sweep has given it back', () => zone.stats().active === 0)
  await until('it is not watched', () => policy.watched === 0)
  for (const each of server.sockets) (server.sockets as Set<Socket>).delete(each)
})

describe('A-11: half-open and unread connections, after the grace time in silence', () => {
  /** An upgrade listener that ignores everybody. */
  async function ignored(n: number) {
    const started = await idle(n)
    started.server.server.on('upgrade', (_req, socket: Socket) => socket.on('error', () => undefined))
    for (const client of started.clients) {
      client.get('/', { Connection: 'Upgrade', Upgrade: 'foo' })
    }
    return started
  }

  it.each([
    ['a FIN', ''],
    ['unread bytes and a FIN', 'x'.repeat(20)],
  ])('frees an upgrade that the application ignores, after %s', async (_, bytes) => {
    const { clients, zone } = await ignored(20)
    for (const client of clients) client.write(bytes).socket.end()

    await until('the sweep has given all back', () => zone.stats().active === 0)
  })

  it('frees an upgrade that the application ignores, after 300 KB and a reset', async () => {
    const { clients, zone } = await ignored(20)
    for (const client of clients) client.write('x'.repeat(300_000))
    await elapse(50)
    for (const client of clients) client.reset()

    await until('the sweep has given all back', () => zone.stats().active === 0)
  })

  it('frees what the documented clientError sample leaves half open', async () => {
    const { clients, server, zone } = await idle(20)
    server.server.on('clientError', (_error, socket: Socket) => {
      socket.on('error', () => undefined)
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    for (const client of clients) {
      client.socket.allowHalfOpen = true
      client.write('no HTTP at all\r\n\r\n')
    }

    await until('the sweep has given all back', () => zone.stats().active === 0)
  })

  it('does not cut a half-closed connection on which bytes still move', async () => {
    const { clients, server, zone } = await idle(1)
    const [client] = clients
    server.server.on('upgrade', (_req, socket: Socket) => {
      socket.allowHalfOpen = true
      socket.on('end', () => undefined).resume()
      const timer = setInterval(() => socket.write('.'), 20)
      socket.on('close', () => clearInterval(timer)).on('error', () => undefined)
    })
    client!.socket.allowHalfOpen = true
    client!.get('/', { Connection: 'Upgrade', Upgrade: 'foo' })
    await until('bytes move', () => client!.received.includes('..'))
    client!.socket.end()
    await elapse(fast.graceMs * 3)

    expect(zone.stats().active).toBe(1)
    expect(client!.isClosed).toBe(false)
  })

  it('never cuts an upgraded connection that is open, silent and consumed', async () => {
    const { clients, server, zone } = await idle(1)
    server.server.on('upgrade', (_req, socket: Socket) => void socket.on('error', () => undefined).resume())
    clients[0]!.get('/', { Connection: 'Upgrade', Upgrade: 'foo' })
    await elapse(fast.graceMs * 3)

    expect(zone.stats().active).toBe(1)
  })
})

describe('what is only slow, or strange, is left alone', () => {
  it('a half-open client that still takes a response from the queue of the kernel', async () => {
    const { server, held, zone } = await start({ sweep: { everyMs: 20, graceMs: 2_500 } })
    Object.assign(server.server, { httpAllowHalfOpen: true })
    const client = await server.connect({ allowHalfOpen: true })
    client.get().socket.end()
    await held.arrived(1)
    client.socket.pause()
    held.waiting[0]!.res.end('x'.repeat(100_000_000))
    for (let reads = 0; reads < 100; reads++) {
      client.socket.resume()
      await once(client.socket, 'data')
      client.socket.pause()
      await elapse(30)
    }

    expect(client.received.length).toBeLessThan(100_000_000)
    expect(client.isClosed).toBe(false)
    expect(zone.stats().active).toBe(1)
  })

  it('a client on https over a Unix socket, which the kernel knows no peer address of', async () => {
    const socketPath = path.join(mkdtempSync(path.join(tmpdir(), 'limit-conn-')), 'socket')
    const policy = limitConn({
      limit: 1,
      key: () => 'k',
      logLevel: false,
      sweep: { everyMs: 5, graceMs: 10 },
    })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), {
      policies: [policy],
      tls: true,
      path: socketPath,
    })
    const socket = tls.connect({ socket: net.connect(socketPath), rejectUnauthorized: false })
    socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
    await held.arrived(1)
    await elapse(100)

    expect(policy.zones[0]!.audit()).toEqual({ active: 1, found: 1, gone: 0, stalled: 0, isClean: true })
    expect(socket.destroyed).toBe(false)
    socket.destroy()
    await until('the slot is given back', () => server.sockets.size === 0)
  })

  it('a foreign stream that throws when it is asked; the others have their turn', async () => {
    const { server, clients, zone } = await idle(2)
    const [strange, other] = [...server.sockets]
    Object.defineProperty(strange, 'readyState', {
      get: () => {
        throw new Error('no')
      },
    })
    other!.removeAllListeners('close')
    for (const client of clients) client.reset()

    await until('both are given back', () => zone.stats().active === 0)
    ;(server.sockets as Set<Socket>).delete(other!)
  })
})

it('frees a client that has closed its side and never reads what both are waiting for', async () => {
  const { server, held, zone } = await start()
  const client = await server.connect({ allowHalfOpen: true })
  client.socket.pause()
  client.write('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\nx')
  await held.arrived(1)
  const { req, res } = held.waiting[0]!
  req.resume()
  res.end('x'.repeat(20_000_000))
  client.socket.end()

  await until('the sweep has given it back', () => zone.stats().active === 0)
})

it('audit says the same as the sweep: what is gone, and what is stalled', async () => {
  const { clients, server, zone, policy } = await idle(3)
  policy.setConfig({ sweep: { everyMs: 60_000, graceMs: 60_000 } })
  expect(zone.audit()).toEqual({ active: 3, found: 3, gone: 0, stalled: 0, isClean: true })

  server.server.on('upgrade', (_req, socket: Socket) => socket.on('error', () => undefined))
  clients[0]!.get('/', { Connection: 'Upgrade', Upgrade: 'foo' }).socket.end()
  const [, second] = [...server.sockets].filter(isPlain)
  second!.removeAllListeners('close').destroy()
  await until('one is stalled', () => zone.audit().stalled === 1)

  expect(zone.audit()).toEqual({ active: 3, found: 3, gone: 1, stalled: 1, isClean: false })
  policy.setConfig({ sweep: fast })
  await until('the sweep has given two back', () => zone.stats().active === 1)
  ;(server.sockets as Set<Socket>).delete(second!)
})
