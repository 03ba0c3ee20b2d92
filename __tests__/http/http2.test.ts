import http2 from 'node:http2'
import { describe, expect, it } from '@jest/globals'
import connect from 'connect'
import { byHeader, byIp, limitConn } from '../../lib/index.ts'
import { connect2 } from '../helpers/client2.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { kinds, serve2 } from '../helpers/http2.ts'
import { serve } from '../helpers/server.ts'
import { elapse, nextTurn, until } from '../helpers/until.ts'

describe.each(kinds)('limitConn over HTTP/2, %s', (_kind, tls) => {
  const byKey = { key: byHeader('x-key') }

  it('F21: counts a session once, however many streams it has', async () => {
    const { policy, held, server } = await serve2({}, tls)
    const session = await connect2(server)
    const streams = [session.get('/a'), session.get('/b'), session.get('/c')]
    await held.arrived(3)
    expect(policy.zones[0]!.count('127.0.0.1')).toBe(1)
    expect(held.waiting[0]!.req.limitConn).toMatchObject({ status: 'PASSED', limit: 1, active: 1 })

    held.release()
    expect(await Promise.all(streams.map((stream) => stream.status()))).toEqual([200, 200, 200])
    expect(policy.zones[0]!.count('127.0.0.1')).toBe(1)
    session.destroy()
    await until('the slot is free', () => policy.zones[0]!.count('127.0.0.1') === 0)
  })

  it('holds one slot for each key of an unfinished stream, and one for the latest', async () => {
    const { policy, held, server } = await serve2(byKey, tls)
    const [zone] = policy.zones
    const session = await connect2(server)
    const [a, b] = [session.get('/', { 'x-key': 'a' }), session.get('/', { 'x-key': 'b' })]
    await held.arrived(2)
    expect([zone!.count('a'), zone!.count('b')]).toEqual([1, 1])

    held.release()
    await Promise.all([a.closed(), b.closed()])
    await until('the older key is free', () => zone!.count('a') === 0)
    expect(zone!.count('b')).toBe(1)
  })

  it('counts streams where requests are counted, and gives a slot back with each', async () => {
    const { policy, held, server } = await serve2({ count: 'requests', limit: 2 }, tls)
    const [zone] = policy.zones
    const session = await connect2(server)
    const [first] = [session.get(), session.get()]
    await held.arrived(2)
    expect(await session.get().status()).toBe(503)
    expect(zone!.count('127.0.0.1')).toBe(2)

    first.reset()
    await until('the slot of the reset stream is free', () => zone!.count('127.0.0.1') === 1)
    session.get()
    await held.arrived(3)
    expect([zone!.count('127.0.0.1'), session.isClosed, session.hasGoaway]).toEqual([2, false, false])
  })

  it('finds a stream that was reset without an error, for Node never closes it', async () => {
    const sweep = { everyMs: 20 }
    const policy = limitConn({ limit: 1, count: 'requests', sweep, logLevel: false })
    const handler = bare([policy], (_req, res) => void res.write(Buffer.alloc(1_000_000)))
    const server = await serve(handler, { policies: [policy], tls, http2: true })
    const session = await connect2(server)
    const stream = session.get()
    stream.stream.pause()
    expect(await stream.status()).toBe(200)
    stream.reset(http2.constants.NGHTTP2_NO_ERROR)
    await until('the slot is free', () => policy.zones[0]!.count('127.0.0.1') === 0)
    expect(await session.get().status()).toBe(200)
  })

  it('lets nobody in who left while a function was waited for', async () => {
    let answer: ((key: string) => void) | undefined
    const key = (): Promise<string> => new Promise((resolve) => (answer = resolve))
    const { policy, held, server } = await serve2({ key }, tls)
    const session = await connect2(server)
    const stream = session.get()
    await until('the key is asked', () => answer !== undefined)
    stream.reset()
    session.session.ping(() => undefined)
    await stream.closed()
    await elapse(20)
    answer!('x')
    await nextTurn()

    const other = await connect2(server)
    answer = undefined
    other.get()
    await until('the key is asked', () => answer !== undefined)
    other.destroy()
    await until('the session is gone', () => server.sockets.size <= (tls ? 2 : 1))
    answer!('x')
    await nextTurn()
    expect([held.runs, policy.zones[0]!.stats().active, policy.zones[0]!.stats().passed]).toEqual([0, 0, 0])
  })

  it('counts the streams of a trusted proxy under their clients', async () => {
    const { policy, held, server } = await serve2({ key: byIp({ trustProxy: 'loopback' }) }, tls)
    const [zone] = policy.zones
    const session = await connect2(server)
    session.get('/', { 'x-forwarded-for': '203.0.113.7' })
    session.get('/', { 'x-forwarded-for': '203.0.113.8' })
    await held.arrived(2)
    expect(await session.get('/', { 'x-forwarded-for': '203.0.113.7' }).status()).toBe(503)
    expect([zone!.count('203.0.113.7'), zone!.count('203.0.113.8')]).toEqual([1, 1])
    expect(session.hasGoaway).toBe(false)
  })

  it('takes one slot where it is mounted twice, in Connect too', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const held = new Held()
    const app = connect().use(policy).use('/', policy).use(held.handler)
    const server = await serve(app, { policies: [policy], tls, http2: true })
    const stream = (await connect2(server)).get('/x')
    await held.arrived(1)
    expect(policy.zones[0]!.stats()).toMatchObject({ active: 1, passed: 1 })
    held.release()
    expect(await stream.status()).toBe(200)
  })

  it('drops a stream whose key says that it is gone, and no other', async () => {
    const gone = byIp()({ remoteAddress: undefined, localAddress: '127.0.0.1' })
    const key = (req: { url?: string | undefined }): typeof gone | string =>
      req.url === '/gone' ? gone : 'k'
    const { held, server } = await serve2({ key, limit: 2 }, tls)
    const session = await connect2(server)
    const stream = session.get('/k')
    await held.arrived(1)
    const dropped = session.get('/gone')
    await dropped.closed()
    expect([dropped.headers, session.isClosed, held.runs]).toEqual([undefined, false, 1])
    held.release()
    expect(await stream.status()).toBe(200)
  })

  it('hands what fails to next', async () => {
    const { held, server } = await serve2({ key: () => Promise.reject(new Error('db')) }, tls)
    const stream = (await connect2(server)).get()
    expect(await stream.status()).toBe(500)
    await stream.closed()
    expect([stream.received, held.runs]).toEqual(['ERR_LIMIT_CONN_FUNCTION_FAILED', 0])
  })
})

it('counts HTTP/1 and HTTP/2 clients of one server together', async () => {
  const policy = limitConn({ limit: 2, logLevel: false })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy], tls: true, http2: true })
  ;(await connect2(server)).get()
  await server.get('/')
  await held.arrived(2)
  expect(policy.zones[0]!.count('127.0.0.1')).toBe(2)

  expect(await (await server.get('/')).answer()).toBe(503)
  expect(await (await connect2(server)).get().status()).toBe(503)
})
