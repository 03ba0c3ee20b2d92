import { describe, expect, it } from '@jest/globals'
import { limitConn } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { full } from '../helpers/full.ts'
import { bare } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

function bodyOf(client: Client): string {
  return client.received.slice(client.received.indexOf('\r\n\r\n') + 4)
}

describe('the answer', () => {
  it('is 503 with a sentence that tells neither key nor limit', async () => {
    const { server } = await full({})
    const client = await server.get()
    await client.closed()

    expect(client.received).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/)
    expect(client.received).toContain('Content-Type: text/plain; charset=utf-8\r\n')
    expect(client.received).toContain('Connection: close\r\n')
    expect(client.received).not.toContain('Retry-After')
    expect(bodyOf(client)).toBe('Too many connections, please try again later.\n')
  })

  it.each([
    ['text', 'Come back later', 'text/plain; charset=utf-8', 'Come back later'],
    ['a JSON value', { error: 'busy' }, 'application/json; charset=utf-8', '{"error":"busy"}'],
    ['a JSON list', [1, 'two'], 'application/json; charset=utf-8', '[1,"two"]'],
    ['empty text', '', 'text/plain; charset=utf-8', ''],
    ['a function', () => 'made', 'text/plain; charset=utf-8', 'made'],
    ['an async function', async () => ({ a: 1 }), 'application/json; charset=utf-8', '{"a":1}'],
    [
      'a function that returns nothing',
      () => undefined,
      'text/plain; charset=utf-8',
      'Too many connections, please try again later.\n',
    ],
    ['bytes', () => Buffer.from('raw'), 'application/octet-stream', 'raw'],
  ])('has the message given as %s', async (_, message, type, body) => {
    const { server } = await full({ message, statusCode: 429, retryAfter: 7 })
    const client = await server.get()
    await client.closed()

    expect(await client.answer()).toBe(429)
    expect(client.received).toContain(`Content-Type: ${type}\r\n`)
    expect(client.received).toContain('Retry-After: 7\r\n')
    expect(client.received).toContain('Connection: close\r\n')
    expect(bodyOf(client)).toBe(body)
  })

  it('has no body for HEAD', async () => {
    const { server } = await full({})
    const client = await server.connect()
    client.write('HEAD / HTTP/1.1\r\nHost: test\r\n\r\n')
    await client.closed()

    expect(await client.answer()).toBe(503)
    expect(bodyOf(client)).toBe('')
  })

  it('gives the decision to the message function', async () => {
    const { server } = await full({ message: (_req: unknown, _res: unknown, decision: object) => decision })
    const client = await server.get()
    await client.closed()

    expect(JSON.parse(bodyOf(client))).toMatchObject({
      status: 'REJECTED',
      passed: false,
      limit: 1,
      active: 1,
    })
  })
})

describe('destroy and reset', () => {
  it.each([false, true])('destroy closes the connection without an answer, TLS %s', async (tls) => {
    const { server, held } = await full({ reject: 'destroy' }, tls)
    const client = await server.get()
    await client.closed()

    expect(client.received).toBe('')
    expect(client.error?.code).not.toBe('ECONNRESET')
    expect(held.runs).toBe(1)
  })

  it('reset sends a RST', async () => {
    const { server, held } = await full({ reject: 'reset' })
    const client = await server.get()
    await client.closed()

    expect(client.received).toBe('')
    expect(client.error?.code).toBe('ECONNRESET')
    expect(held.runs).toBe(1)
  })

  it('reset closes a connection that was ended in the same turn, which a reset would never close', async () => {
    const policy = limitConn({ limit: () => 0, reject: 'reset', logLevel: false })
    const handler = bare([policy], () => undefined)
    const server = await serve((req, res) => (req.socket.end(), handler(req, res)), { policies: [policy] })
    const client = await server.connect({ allowHalfOpen: true })
    client.get()
    await until('its handle is closed', () => server.sockets.size === 0)
    expect(policy.zones[0]!.stats().rejected).toBe(1)
  })

  it('reset closes under TLS, without an answer', async () => {
    const { server, held } = await full({ reject: 'reset' }, true)
    const client = await server.get()
    await client.closed()

    expect(client.received).toBe('')
    expect(held.runs).toBe(1)
  })

  it.each(['destroy', 'reset'] as const)('%s only answers where requests are counted', async (reject) => {
    const { server } = await full({ reject, count: 'requests' })
    const client = await server.get()

    expect(await client.answer()).toBe(503)
    expect(client.received).toContain('Connection: keep-alive')
    expect(client.isClosed).toBe(false)
  })
})

describe('a handler', () => {
  it('answers itself, with the decision, and the connection is closed all the same', async () => {
    const { server } = await full({
      reject: (_req, res, _next, decision) => res.writeHead(420).end(`own ${decision.status}`),
    })
    const client = await server.get()
    await client.closed()

    expect(await client.answer()).toBe(420)
    expect(bodyOf(client)).toContain('own REJECTED')
  })

  it.each([undefined, null, 'route', 'router'])('that calls next(%j) lets nobody in: 503', async (error) => {
    const { server, held } = await full({ reject: (_req, _res, next) => next(error) })
    const client = await server.get()

    expect(await client.answer()).toBe(503)
    await client.closed()
    expect(held.runs).toBe(1)
  })

  it('that calls next(error) hands the request to the error handling', async () => {
    const { server, errors, held } = await full({ reject: (_req, _res, next) => next(new Error('mine')) })
    const client = await server.get()
    await client.closed()

    expect(await client.answer()).toBe(500)
    expect(errors).toEqual([new Error('mine')])
    expect(held.runs).toBe(1)
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
      'ERR_LIMIT_CONN_FUNCTION_FAILED',
    ],
    [
      'rejects',
      async () => {
        throw new Error('no')
      },
      'ERR_LIMIT_CONN_FUNCTION_FAILED',
    ],
    ['never settles', () => new Promise(() => undefined), 'ERR_LIMIT_CONN_TIMEOUT'],
  ])('or a message function that %s goes to the error handling', async (_, fail, code) => {
    for (const options of [{ reject: fail }, { message: fail }]) {
      const { server, errors } = await full({ ...options, timeoutMs: 50 })
      const client = await server.get()
      await client.closed()

      expect(await client.answer()).toBe(500)
      expect(errors).toEqual([expect.objectContaining({ code })])
    }
  })

  it.each(['connections', 'requests'] as const)(
    'that never answers goes to the error handling after timeoutMs, counting %s',
    async (count) => {
      const { server, errors } = await full({ reject: () => undefined, timeoutMs: 50, count })
      const client = await server.get()

      expect(await client.answer()).toBe(500)
      expect(errors).toEqual([
        expect.objectContaining({ code: 'ERR_LIMIT_CONN_TIMEOUT', option: 'options.reject' }),
      ])
    },
  )

  it('that begins an answer and never ends it does not keep the connection', async () => {
    const { server } = await full({ reject: (_req, res) => void res.write('begun'), timeoutMs: 50 })
    const client = await server.get()
    await client.closed(2_000)

    expect(client.received).toContain('begun')
  })

  it('runs after the connection was marked: a request behind it is not let in', async () => {
    let refusals = 0
    const { server, held, policy } = await full({
      reject: (_req, res) => {
        refusals++
        policy.setConfig({ limit: 100 })
        setImmediate(() => res.writeHead(503).end())
      },
    })
    const client = await server.connect()
    client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(3))
    await client.closed()

    expect(client.statuses).toEqual([503])
    expect(refusals).toBe(1)
    expect(held.runs).toBe(1)
  })
})
