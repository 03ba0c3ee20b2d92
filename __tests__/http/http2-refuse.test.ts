import http2 from 'node:http2'
import { describe, expect, it } from '@jest/globals'
import { byHeader, limitConn, type LimitConnOptions } from '../../lib/index.ts'
import { connect2 } from '../helpers/client2.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { kinds, serve2, type Setup2 } from '../helpers/http2.ts'
import { serve, type Handler } from '../helpers/server.ts'
import { elapse, nextTurn, until } from '../helpers/until.ts'

describe.each(kinds)('limitConn refuses over HTTP/2, %s', (_kind, tls) => {
  const byKey = { key: byHeader('x-key') }

  /** The one slot is held: that of the key "taken", where the header is the key. */
  async function serveTaken(options: Partial<LimitConnOptions>): Promise<Setup2> {
    const setup = await serve2(options, tls)
    ;(await connect2(setup.server)).get('/', { 'x-key': 'taken' })
    await setup.held.arrived(1)
    return setup
  }

  it('answers a session above the limit, tells it to go, and sees it gone within a second', async () => {
    const { held, server } = await serveTaken({})

    const second = await connect2(server)
    const start = performance.now()
    const stream = second.get()
    expect(await stream.status()).toBe(503)
    await stream.closed()
    expect(stream.received).toContain('Too many connections')
    await second.closed(1_500)
    expect(performance.now() - start).toBeLessThan(1_500)
    expect([second.hasGoaway, held.runs]).toEqual([true, 1])
    await until('the server has one socket', () => server.sockets.size <= (tls ? 2 : 1))
  })

  it('closes a refused session whose client reads nothing', async () => {
    const { server } = await serveTaken({ message: 'x'.repeat(100_000) })

    const deaf = await connect2(server, { settings: { initialWindowSize: 0 } })
    const stream = deaf.get()
    await until('the server has answered', () => stream.headers !== undefined)
    expect(stream.received).toBe('')
    await deaf.closed(3_000)
  })

  it('answers a stream and lets the session be, where it holds another slot', async () => {
    const { held, server } = await serveTaken(byKey)

    const session = await connect2(server)
    const own = session.get('/', { 'x-key': 'own' })
    await held.arrived(2)
    expect(await session.get('/', { 'x-key': 'taken' }).status()).toBe(503)
    await elapse(1_100)
    expect([session.isClosed, session.hasGoaway]).toEqual([false, false])

    held.release()
    expect(await own.status()).toBe(200)
    session.get('/', { 'x-key': 'own' })
    await held.arrived(1)
  })

  it('lets a session be that holds an idle slot', async () => {
    const { held, server } = await serveTaken(byKey)
    const session = await connect2(server)
    const own = session.get('/', { 'x-key': 'own' })
    await held.arrived(2)
    held.waiting.pop()!.res.end()
    await own.closed()
    expect(await session.get('/', { 'x-key': 'taken' }).status()).toBe(503)
    await elapse(1_100)
    expect([session.isClosed, session.hasGoaway]).toEqual([false, false])
  })

  it('lets the session be while a stream of it is open that no limit applies to', async () => {
    const { held, server } = await serveTaken(byKey)

    const session = await connect2(server)
    const free = session.get('/free')
    await held.arrived(2)
    expect(await session.get('/', { 'x-key': 'taken' }).status()).toBe(503)
    await elapse(1_100)
    expect([session.isClosed, session.hasGoaway]).toEqual([false, false])
    held.release()
    expect(await free.status()).toBe(200)
  })

  it('lets the session be while a stream of it is open that never came to the policy', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const held = new Held()
    const inner = bare([policy], held.handler)
    const handler: Handler = (req, res) => (req.url === '/outside' ? held.handler : inner)(req, res)
    const server = await serve(handler, { policies: [policy], tls, http2: true })
    ;(await connect2(server)).get()
    await held.arrived(1)

    const session = await connect2(server)
    const outside = session.get('/outside')
    await held.arrived(2)
    expect(await session.get().status()).toBe(503)
    await elapse(1_100)
    expect([session.isClosed, session.hasGoaway]).toEqual([false, false])
    held.release()
    expect(await outside.status()).toBe(200)
  })

  it('gives a handler and the message function behind it their own time', async () => {
    const later = (ms: number): Promise<void> => elapse(ms)
    const { server } = await serveTaken({
      timeoutMs: 1_000,
      reject: async (_req, _res, next) => (await later(700), next()),
      message: async () => (await later(700), 'both'),
    })
    const stream = (await connect2(server)).get()
    expect(await stream.status()).toBe(503)
    await stream.closed()
    expect(stream.received).toBe('both')
  })

  it('sends the session away when what kept it has ended', async () => {
    const { held, server } = await serveTaken({ skip: ['/free'] })

    const session = await connect2(server)
    session.get('/free')
    await held.arrived(2)
    const refused = [session.get(), session.get()]
    expect(await Promise.all(refused.map((stream) => stream.status()))).toEqual([503, 503])
    await elapse(50)
    expect(session.hasGoaway).toBe(false)
    held.waiting.find(({ req }) => req.url === '/free')!.res.end()
    await session.closed(1_500)
    expect(session.hasGoaway).toBe(true)
  })

  it('waits for the slower of two handlers', async () => {
    const { server } = await serveTaken({
      timeoutMs: 5_000,
      reject: (req, res) => void setTimeout(() => res.end('handled'), Number(req.headers['x-ms'])),
    })
    const session = await connect2(server)
    const [quick, slow] = [session.get('/', { 'x-ms': '10' }), session.get('/', { 'x-ms': '1300' })]
    await Promise.all([quick.closed(), slow.closed()])
    expect([quick.received, slow.received]).toEqual(['handled', 'handled'])
    await session.closed(1_500)
  })

  it('closes the session when the last of its refused streams is done', async () => {
    const { held, server } = await serveTaken(byKey)

    const session = await connect2(server)
    const streams = Array.from({ length: 20 }, () => session.get('/', { 'x-key': 'taken' }))
    expect(new Set(await Promise.all(streams.map((stream) => stream.status())))).toEqual(new Set([503]))
    await session.closed(1_500)
    expect([session.hasGoaway, held.runs]).toEqual([true, 1])
  })

  it('resets a refused stream that is not read, and keeps the session that holds another slot', async () => {
    const { held, server } = await serveTaken({ ...byKey, message: 'x'.repeat(100_000) })

    const session = await connect2(server, { settings: { initialWindowSize: 0 } })
    session.get('/', { 'x-key': 'own' })
    await held.arrived(2)
    const refused = session.get('/', { 'x-key': 'taken' })
    await until('the refusal has come', () => refused.headers !== undefined)
    await refused.closed()
    expect([refused.received, session.isClosed, session.hasGoaway]).toEqual(['', false, false])
  })

  it.each(['destroy', 'reset'] as const)('ends a session at once for reject: %s', async (reject) => {
    const { held, server } = await serveTaken({ reject })
    const second = await connect2(server)
    const stream = second.get()
    await second.closed()
    expect([stream.headers, held.runs]).toEqual([undefined, 1])
  })

  it('ends only the stream for reject: destroy on a session that holds another slot', async () => {
    const { held, server } = await serveTaken({ ...byKey, reject: 'destroy' })
    const session = await connect2(server)
    const own = session.get('/', { 'x-key': 'own' })
    await held.arrived(2)
    const refused = session.get('/', { 'x-key': 'taken' })
    await refused.closed()
    expect([refused.headers, refused.stream.rstCode]).toEqual([
      undefined,
      http2.constants.NGHTTP2_ENHANCE_YOUR_CALM,
    ])
    held.release()
    expect(await own.status()).toBe(200)
  })

  it('closes no session for a request that is sent on within, where requests are counted', async () => {
    let inner: Handler | undefined
    const { policy, held, server } = await serve2(
      { count: 'requests', reject: (req, res) => void inner!(req as never, res) },
      tls,
    )
    inner = bare([policy], held.handler)
    const session = await connect2(server)
    const first = session.get()
    await held.arrived(1)
    const other = await connect2(server)
    expect(await other.get().status()).toBe(503)
    await elapse(1_100)
    expect([other.isClosed, other.hasGoaway, held.runs]).toEqual([false, false, 1])
    held.release()
    expect(await first.status()).toBe(200)
  })

  it('hands a refused stream to a handler, and to the error handling', async () => {
    const { policy, server } = await serveTaken({
      reject: (_req, res, next) => void (res.statusCode === 200 && next(new Error('over'))),
    })
    expect(await (await connect2(server)).get().status()).toBe(500)

    policy.setConfig({
      reject: async (_req, res) => (await nextTurn(), res.writeHead(429), res.end('later')),
    })
    const session = await connect2(server)
    const stream = session.get()
    expect(await stream.status()).toBe(429)
    await session.closed(1_500)
    expect(stream.received).toBe('later')
  })
})
