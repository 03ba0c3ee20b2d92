import http2 from 'node:http2'
import { describe, expect, it } from '@jest/globals'
import { byHeader, limitConn } from '../../lib/index.ts'
import { connect2, type Session, type Stream } from '../helpers/client2.ts'
import { bare } from '../helpers/hosts.ts'
import { frame, getRoot, hello } from '../helpers/frames.ts'
import { kinds, serve2, type Setup2 } from '../helpers/http2.ts'
import { serve } from '../helpers/server.ts'
import { elapse, nextTurn, until } from '../helpers/until.ts'

/** Opens streams on a session, and waits until each is held or answered. */
function open(session: Session, n: number): Stream[] {
  return Array.from({ length: n }, (_, i) => session.get(`/${i}`))
}

/** Exactly `n` sessions can be held. */
async function expectRoomFor(n: number, { server, policy, held }: Setup2): Promise<void> {
  const [zone] = policy.zones
  await until('nothing is counted', () => zone!.stats().active === 0)
  const before = held.runs
  const sessions = await Promise.all(Array.from({ length: n + 1 }, () => connect2(server)))
  const streams = sessions.map((session) => session.get())
  await until('one is refused', () => streams.some((stream) => stream.code === 503))
  await until(`${n} are held`, () => held.runs - before === n)
  expect(zone!.stats().active).toBe(n)
}

// acceptance A-21
describe.each(kinds)('many streams on one session, %s', (_kind, tls) => {
  it('holds 500 streams as one connection, until the session is destroyed', async () => {
    const { policy, held, server } = await serve2({}, tls)
    const session = await connect2(server)
    open(session, 500)
    await held.arrived(500)
    expect(policy.zones[0]!.stats()).toMatchObject({ active: 1, peak: 1, passed: 1, rejected: 0 })
    session.destroy()
    await until('nothing is counted', () => policy.zones[0]!.stats().active === 0)
  })

  it('holds 500 streams as 500 requests, until the session is destroyed', async () => {
    const { policy, held, server } = await serve2({ count: 'requests', limit: 500 }, tls)
    const session = await connect2(server)
    open(session, 500)
    await held.arrived(500)
    expect(await session.get().status()).toBe(503)
    expect(policy.zones[0]!.stats()).toMatchObject({ active: 500, peak: 500, rejected: 1 })
    session.destroy()
    await until('nothing is counted', () => policy.zones[0]!.stats().active === 0)
  })

  it('lets 10 of 500 streams in where requests are counted, and answers the others', async () => {
    const { held, server } = await serve2({ count: 'requests', limit: 10 }, tls)
    const session = await connect2(server)
    const streams = open(session, 500)
    await until('490 are refused', () => streams.filter((s) => s.code === 503).length === 490)
    expect([held.runs, session.isClosed]).toEqual([10, false])
    held.release()
    expect(await streams[0]!.status()).toBe(200)
  })

  it.each(['connections', 'requests'] as const)('F55: survives 5,000 rapid resets, %s', async (count) => {
    const setup = await serve2({ count, limit: 5 }, tls)
    const { server } = setup
    for (let sessions = 0; sessions < 5; sessions++) {
      const session = await connect2(server)
      for (let i = 0; i < 1_000 && !session.isClosed; i++) {
        session.session
          .request({ ':path': '/' })
          .on('error', () => undefined)
          .close(http2.constants.NGHTTP2_CANCEL)
        if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      session.destroy()
    }
    await expectRoomFor(5, setup)
  })

  it('gives all back when 50 sessions of 20 streams are reset below', async () => {
    const { policy, server, held } = await serve2(
      { count: 'requests', limit: 2_000, sweep: { everyMs: 50 } },
      tls,
    )
    const sessions = await Promise.all(Array.from({ length: 50 }, () => connect2(server)))
    for (const session of sessions) open(session, 20)
    await held.arrived(1_000)
    for (const { session } of sessions) session.socket.off('x', () => undefined).destroy()
    await until('nothing is counted', () => policy.zones[0]!.stats().active === 0)
  })

  it('holds no more than 16 keys for one session', async () => {
    const { policy, held, server } = await serve2({ key: byHeader('x-key') }, tls)
    const session = await connect2(server)
    const streams = Array.from({ length: 20 }, (_, i) => session.get('/', { 'x-key': `k${i}` }))
    await until('four are refused', () => streams.filter((s) => s.code === 503).length === 4)
    expect([held.runs, policy.zones[0]!.stats().keys]).toEqual([16, 16])
  })

  it('keeps a limit of one for each session while another session shows decoy keys', async () => {
    const { policy, held, server } = await serve2({ key: byHeader('x-key') }, tls)
    const session = await connect2(server)
    session.get('/', { 'x-key': 'x' })
    session.get('/', { 'x-key': 'decoy' })
    await held.arrived(2)
    expect(await (await connect2(server)).get('/', { 'x-key': 'x' }).status()).toBe(503)
    expect(policy.zones[0]!.count('x')).toBe(1)
  })
})

it('counts an upload that was answered before its end, until the stream is done', async () => {
  const policy = limitConn({ limit: 1, count: 'requests', logLevel: false })
  const handler = bare([policy], (_req, res) => void res.end('early'))
  const server = await serve(handler, { policies: [policy], http2: true })
  const session = await connect2(server)
  for (let i = 0; i < 20; i++) {
    const upload = session.post()
    upload.stream.write('x')
    expect(await upload.status()).toBe(200)
    await upload.closed()
  }
  await until('nothing is counted', () => policy.zones[0]!.stats().active === 0)
})

it('closes with the server, streams and sessions', async () => {
  const { policy, held, server } = await serve2({}, false)
  const session = await connect2(server)
  const stream = session.get()
  await held.arrived(1)
  server.server.close()
  held.release()
  expect(await stream.status()).toBe(200)
  session.session.close()
  await session.closed()
  await until('nothing is counted', () => policy.zones[0]!.stats().active === 0)
})

describe('a client that does not keep to the rules', () => {
  /** Node 20 stops reading after such a frame, and tells nothing of the FIN behind it. */
  it.each([
    ['DATA on a stream that was never opened', frame('data', 0, 101, Buffer.from('x'))],
    ['a PING of five bytes', frame('ping', 0, 0, Buffer.alloc(5))],
    ['a header block that is none', frame('headers', 5, 5, Buffer.alloc(20, 0xff))],
    ['HTTP/1', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ])('F54: holds nothing after %s and a FIN', async (_what, bad) => {
    for (const count of ['connections', 'requests'] as const) {
      const { policy, held, server } = await serve2({ count, sweep: { everyMs: 50, graceMs: 200 } }, false)
      const client = await server.connect({ allowHalfOpen: true })
      client.socket.write(Buffer.concat([hello(), getRoot(1)]))
      await held.arrived(1)
      client.socket.end(bad)
      await until('nothing is counted', () => policy.zones[0]!.stats().active === 0)
      await until('the connection is gone', () => server.sockets.size === 0)
    }
  })

  it('is gone in time, though it neither reads nor closes', async () => {
    const { held, server } = await serve2({ message: 'x'.repeat(1_000) }, false)
    ;(await connect2(server)).get()
    await held.arrived(1)
    const client = await server.connect({ allowHalfOpen: true })
    client.socket.pause()
    client.socket.write(Buffer.concat([hello(true), getRoot(1), getRoot(3)]))
    await until('two are there', () => server.sockets.size === 2)
    await until('one is left', () => server.sockets.size === 1, 2_000)
    expect(held.runs).toBe(1)
  })

  it('is let in nowhere after it was sent away, whatever it sends', async () => {
    const { policy, held, server } = await serve2({}, false)
    const first = await connect2(server)
    first.get()
    await held.arrived(1)
    const client = await server.connect()
    client.socket.write(Buffer.concat([hello(), getRoot(1)]))
    await until('it is refused', () => policy.zones[0]!.stats().rejected === 1)
    await nextTurn()
    await nextTurn()
    first.destroy()
    await until('there is room', () => policy.zones[0]!.stats().active === 0)
    for (let stream = 3; stream < 2_000; stream += 2) client.socket.write(getRoot(stream))
    await client.closed()
    expect(held.runs).toBe(1)
  })

  it('keeps an idle session that answers, however long it is silent', async () => {
    const { policy, held, server } = await serve2({ sweep: { everyMs: 20, graceMs: 60 } }, false)
    const session = await connect2(server)
    session.get()
    await held.arrived(1)
    await elapse(600)
    expect([session.isClosed, policy.zones[0]!.stats().active]).toEqual([false, 1])
  })

  it('keeps an idle session that reads nothing for a while', async () => {
    const { policy, held, server } = await serve2({ sweep: { everyMs: 20, graceMs: 60 } }, false)
    const client = await server.connect()
    client.socket.write(Buffer.concat([hello(), getRoot(1)]))
    await held.arrived(1)
    client.socket.pause()
    await elapse(1_500)
    expect([server.sockets.size, policy.zones[0]!.stats().active]).toEqual([1, 1])
  })
})
