import { describe, expect, it } from '@jest/globals'
import type { LimitConnOptions } from '../../lib/index.ts'
import { connect2 } from '../helpers/client2.ts'
import { fullyQueueing, plain, queueing, ways } from '../helpers/queueing.ts'
import { until } from '../helpers/until.ts'

const soon = { max: 100, timeoutMs: 50 }

describe.each(ways)('on $host, TLS $tls, HTTP/2 $http2', (way) => {
  it('who has waited for long enough is answered 503, once', async () => {
    const { held, zone, ask } = await fullyQueueing({ queue: soon }, way)
    const clients = await Promise.all([ask('/1'), ask('/2')])
    expect(await Promise.all(clients.map((client) => client.status()))).toEqual([503, 503])
    expect(zone.stats()).toMatchObject({ waiting: 0, active: 1, queued: 2, rejected: 2, passed: 1 })

    held.release()
    await until('the slot is free', () => zone.stats().active === 0)
    expect(held.runs).toBe(1)
  })

  it('who finds the queue full is answered 503 at once; who waits goes on waiting', async () => {
    const { held, zone, ask, lineUp, waiting } = await fullyQueueing({ queue: { max: 2 } }, way)
    const [first] = await lineUp(['/1', '/2'])
    expect(await (await ask('/3')).status()).toBe(503)
    expect(zone.stats()).toMatchObject({ waiting: 2, queued: 2, rejected: 1 })

    held.answerFirst()
    await waiting(1)
    await lineUp(['/4'])
    held.release()
    expect(await first!.status()).toBe(200)
    for (let n = 0; n < 2; n++) {
      await held.arrived(1)
      held.release()
    }
    expect(held.paths).toEqual(['/first', '/1', '/2', '/4'])
  })

  it('stop() answers 503 to all who wait, and at once to all who would later', async () => {
    const { held, zone, ask, lineUp, policy } = await fullyQueueing({}, way)
    const clients = await lineUp(['/1', '/2', '/3'])
    policy.stop()
    policy.stop()
    expect(zone.stats()).toMatchObject({ waiting: 0, queued: 3, rejected: 3 })
    expect(await Promise.all(clients.map((client) => client.status()))).toEqual([503, 503, 503])
    expect(await (await ask('/4')).status()).toBe(503)

    held.release()
    await until('the slot is free', () => zone.stats().active === 0)
    const last = await ask('/5')
    await held.arrived(1)
    held.release()
    expect(await last.status()).toBe(200)
    expect(held.paths).toEqual(['/first', '/5'])
  })
})

describe('who has waited in vain', () => {
  const answers: [name: string, options: Partial<LimitConnOptions>, answer: RegExp][] = [
    ['the text of message', { message: 'full' }, /503 [^]*\r\n\r\nfull$/],
    ['JSON', { message: { full: true } }, /application\/json[^]*\r\n\r\n\{"full":true\}$/],
    [
      'what an async function makes',
      { message: async (req, _res, { status }) => Promise.resolve(`${req.url} ${status}`) },
      /\r\n\r\n\/late REJECTED$/,
    ],
    ['the statusCode', { statusCode: 429 }, /^HTTP\/1\.1 429 /],
    ['Retry-After', { retryAfter: 7 }, /\r\nRetry-After: 7\r\n/],
    ['draft-8 headers', { headers: 'draft-8' }, /\r\nRateLimit: "[\w-]+";r=0\r\n/],
    [
      'what a handler answers',
      { reject: (_req, res, _next, { limit }) => void res.writeHead(418).end(`limit ${limit}`) },
      /^HTTP\/1\.1 418 [^]*limit 1/,
    ],
    ['503 where the handler calls next()', { reject: (_req, _res, next) => next() }, /^HTTP\/1\.1 503 /],
    [
      '500 where the handler hands over an error',
      { reject: (_req, _res, next) => next(new Error('mine')) },
      /^HTTP\/1\.1 500 [^]*Error: mine/,
    ],
  ]

  it.each(answers)('gets %s, and keeps its connection', async (_, options, answer) => {
    const { server, held, zone } = await fullyQueueing({ queue: soon, ...options })
    const client = await server.get('/late')
    await client.answer()
    await until('the answer is whole', () => answer.test(client.received))
    expect(client.statuses).toHaveLength(1)
    expect(zone.stats()).toMatchObject({ queued: 1, rejected: 1 })

    held.release()
    await until('the slot is free', () => zone.stats().active === 0)
    client.get('/again')
    await held.arrived(1)
    held.release()
    expect(await client.answer(2)).toBe(200)
  })

  it.each(['destroy', 'reset'] as const)(
    "is answered, though reject is '%s': the connection may carry the requests of others",
    async (reject) => {
      const { server } = await fullyQueueing({ queue: soon, reject })
      const client = await server.get()
      expect(await client.answer()).toBe(503)
      expect(client.isClosed).toBe(false)
    },
  )
})

it('who was let in after all is told its limits, as they are then', async () => {
  const { lineUp, held } = await fullyQueueing({ headers: 'draft-8' })
  const [client] = await lineUp(['/1'])
  held.answerFirst()
  await held.arrived(1)
  held.release()
  expect(await client!.status()).toBe(200)
  expect(client!.received).toMatch(/\r\nRateLimit-Policy: "[\w-]+";q=1;[^]*\r\nRateLimit: "[\w-]+";r=0\r\n/)
})

describe('pipelined behind a request that waits', () => {
  const get = (path: string, key: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: test\r\nx-key: ${key}\r\n\r\n`

  it('a request of another key is let in, and answered in its turn', async () => {
    const { ask, held, server, zone } = await queueing()
    await ask('/a1', 'a')
    await held.arrived(1)
    const client = (await server.connect()).write(get('/a2', 'a') + get('/b1', 'b'))
    await held.arrived(2)
    expect(zone.stats()).toMatchObject({ active: 2, waiting: 1 })
    held.waiting.pop()!.res.end('of b1')
    await until('b1 is done', () => held.waiting.length === 1)
    expect(client.received).toBe('')

    held.answerFirst()
    await held.arrived(1)
    held.answerFirst('of a2')
    await client.answer(2)
    await until('both are there', () => /of a2[^]*of b1/.test(client.received))
  })

  it('a request that is refused is answered in its turn, and nothing is lost', async () => {
    const { ask, held, server, zone } = await queueing({ queue: { max: 1 } })
    await ask('/a1', 'a')
    await held.arrived(1)
    const client = (await server.connect()).write(get('/a2', 'a') + get('/a3', 'a'))
    await until('one is refused', () => zone.stats().rejected === 1)
    held.answerFirst()
    await held.arrived(1)
    held.answerFirst('of a2')
    await client.answer(2)
    expect(client.statuses).toEqual([200, 503])
  })
})

it('a session of HTTP/2 goes on when a stream of it has waited in vain', async () => {
  const { server, held } = await fullyQueueing({ queue: soon }, { ...plain, http2: true })
  const session = await connect2(server)
  expect(await session.get('/late').status()).toBe(503)
  held.release()
  const again = session.get('/again')
  await held.arrived(1)
  held.release()
  expect(await again.status()).toBe(200)
  expect(session.hasGoaway).toBe(false)
})

it.each([60_000, 10])(
  'setConfig to %d ms does not change for how long who waits already may',
  async (timeoutMs) => {
    const { policy, lineUp, zone } = await fullyQueueing({ queue: { max: 9, timeoutMs: 400 } })
    const [client] = await lineUp(['/1'])
    policy.setConfig({ queue: { max: 9, timeoutMs } })
    const startMs = performance.now()
    expect(await client!.status()).toBe(503)
    expect(performance.now() - startMs).toBeGreaterThan(100)
    expect(zone.stats()).toMatchObject({ queued: 1, rejected: 1 })
  },
)
