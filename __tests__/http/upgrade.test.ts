import http2 from 'node:http2'
import { describe, expect, it } from '@jest/globals'
import {
  limitConn,
  limitUpgrade,
  Zone,
  type LimitUpgradeOptions,
  type UpgradeHandler,
  type UpgradeMessageFunction,
} from '../../lib/index.ts'
import { connect2, Stream } from '../helpers/client2.ts'
import { listen, readTls } from '../helpers/server.ts'
import { bodyOf, Echo, fullyUpgraded, upgradeTo, upgrading } from '../helpers/upgrades.ts'
import { until } from '../helpers/until.ts'
import { errorOf } from '../helpers/thrown.ts'

describe('the answer to a refused upgrade', () => {
  it.each([false, true])('is 503 before the upgrade, and the connection closes; TLS %s', async (tls) => {
    const { ask, echo, zone } = await fullyUpgraded({}, { tls })
    const client = await ask()
    await client.closed()

    const [head, body] = client.received.split('\r\n\r\n')
    expect(head!.replace(/^Date: .* GMT$/m, 'Date: now').split('\r\n')).toEqual([
      'HTTP/1.1 503 Service Unavailable',
      'Date: now',
      'Connection: close',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Length: 46',
    ])
    expect(body).toBe('Too many connections, please try again later.\n')
    expect(client.error).toBeUndefined()
    expect(echo.runs).toBe(1)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
  })

  it('comes though the client goes on sending: unread bytes would make the close a reset', async () => {
    const { ask } = await fullyUpgraded()
    const client = (await ask()).write('x'.repeat(12_000_000))
    await client.closed()
    expect([client.statuses, client.error]).toEqual([[503], undefined])
  })

  it('has the status, Retry-After and, if told to, the limits', async () => {
    const zone = new Zone({ name: 'sockets' })
    const options = {
      limit: 1,
      zone,
      statusCode: 429,
      retryAfter: 7,
      headers: 'draft-8',
      message: '',
    } as const
    const { ask } = await fullyUpgraded(options)
    const client = await ask()
    await client.closed()

    expect(client.received.replace(/Date: .* GMT/, 'Date: now')).toBe(
      [
        'HTTP/1.1 429 Too Many Requests',
        'Date: now',
        'Connection: close',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Length: 0',
        'Retry-After: 7',
        'RateLimit-Policy: "sockets";q=1;qu="concurrent-requests"',
        'RateLimit: "sockets";r=0',
        '\r\n',
      ].join('\r\n'),
    )
  })

  it('tells the limits of all policies that it met', async () => {
    const [outer, inner] = ['outer', 'inner'].map((name) => new Zone({ name }))
    const echo = new Echo()
    const behind = limitUpgrade({ limit: 1, zone: inner!, logLevel: false, headers: 'draft-8' }, echo.handler)
    const { ask, echo: unused } = await fullyUpgraded(
      { limit: 9, zone: outer!, headers: 'draft-8' },
      { handler: behind, policies: [behind] },
    )
    const client = await ask()
    await client.closed()

    expect(client.received).toContain('\r\nRateLimit: "outer";r=7, "inner";r=0\r\n')
    expect([echo.runs, unused.runs]).toEqual([1, 0])
  })

  it.each([
    ['text', 'Come back later', 'text/plain; charset=utf-8', 'Come back later'],
    ['a JSON value', { error: 'búsy' }, 'application/json; charset=utf-8', '{"error":"b\u00c3\u00basy"}'],
    ['a function', () => 'made', 'text/plain; charset=utf-8', 'made'],
    ['an async function', async () => ['a', 1], 'application/json; charset=utf-8', '["a",1]'],
    ['bytes', () => Buffer.from('raw'), 'application/octet-stream', 'raw'],
    [
      'a function that returns nothing',
      () => undefined,
      'text/plain; charset=utf-8',
      'Too many connections, please try again later.\n',
    ],
  ] as [string, UpgradeMessageFunction, string, string][])(
    'has the message given as %s',
    async (_, message, type, body) => {
      const { ask } = await fullyUpgraded({ message })
      const client = await ask()
      await client.closed()

      expect(client.received).toContain(`\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n`)
      expect(bodyOf(client)).toBe(body)
    },
  )

  it('gives the request, the socket and the decision to the message function', async () => {
    const { ask } = await fullyUpgraded({
      message: (req: { url?: string }, socket: { writable: boolean }, decision: object) => {
        return { url: req.url, writable: socket.writable, ...decision }
      },
    })
    const client = await ask()
    await client.closed()
    expect(JSON.parse(bodyOf(client))).toMatchObject({
      url: '/',
      writable: true,
      status: 'REJECTED',
      limit: 1,
      active: 1,
    })
  })
})

describe('what a policy on upgrades has', () => {
  it('setConfig: the next upgrade meets it, open ones stay', async () => {
    const { ask, policy, zone } = await fullyUpgraded()
    policy.setConfig({ limit: 2, statusCode: 429 })
    expect(policy.config).toMatchObject({ limit: 2, statusCode: 429, count: 'auto', reject: 'respond' })
    expect(Object.isFrozen(policy.config)).toBe(true)

    expect(await (await ask()).answer()).toBe(101)
    expect(await (await ask()).answer()).toBe(429)
    policy.setConfig({ limit: 1 })
    expect(zone.stats().active).toBe(2)
    expect(policy.zones).toEqual([zone])
  })

  it('a wrong option changes nothing', async () => {
    const { policy } = await upgrading()
    expect(() => policy.setConfig({ statusCode: 200, retryAfter: 5 })).toThrow('options.statusCode is 200')
    expect(policy.config).toMatchObject({ statusCode: 503, retryAfter: false })
  })

  it('extend: the limits of this one, other options, and this handler or another', async () => {
    const { policy, zone } = await upgrading({ retryAfter: 5 })
    const other = new Echo()
    const same = policy.extend({ statusCode: 429 })
    const over = policy.extend({ limit: 3 }, other.handler)
    expect(same.zones).toEqual([zone])
    expect(same.config).toMatchObject({ limit: 1, statusCode: 429, retryAfter: 5 })
    expect(over.zones).not.toEqual([zone])

    const { server, connect } = await fullyUpgraded({}, { handler: over, policies: [same, over] })
    server.removeAllListeners('upgrade')
    server.on('upgrade', over)
    const client = (await connect()).write(upgradeTo('foo'))
    expect(await client.answer()).toBe(101)
    expect(other.runs).toBe(2)
  })

  it('req.limitConn, as middleware sets it', async () => {
    const seen: unknown[] = []
    const { ask } = await upgrading(
      {},
      { handler: (req, socket) => (seen.push(req.limitConn), socket.end()) },
    )
    await (await ask()).closed()
    expect(seen).toEqual([{ status: 'PASSED', zone: expect.any(String), limit: 1, active: 1 }])
  })

  it('a dry run lets everybody in, and counts', async () => {
    const { ask, zone, echo } = await fullyUpgraded({ dryRun: true })
    expect(await (await ask()).answer()).toBe(101)
    expect(echo.runs).toBe(2)
    expect(zone.stats()).toMatchObject({ passed: 1, rejectedDryRun: 1, rejected: 0, active: 2 })
  })

  it('skip: a path, an address, a function', async () => {
    const { connect, zone, policy, ask } = await fullyUpgraded({ skip: ['/free'] })
    expect(await (await connect()).write(upgradeTo('foo', '/free?a')).answer()).toBe(101)
    expect(await (await ask()).answer()).toBe(503)
    policy.setConfig({ skip: ['127.0.0.0/8'] })
    expect(await (await ask()).answer()).toBe(101)
    policy.setConfig({ skip: (req: { headers: object }) => 'x-probe' in req.headers })
    expect(await (await ask({ 'X-Probe': '1' })).answer()).toBe(101)
    expect(await (await ask()).answer()).toBe(503)
    expect(zone.stats()).toMatchObject({ active: 1, skipped: 3, rejected: 2 })
  })
})

describe('misuse', () => {
  const handler: UpgradeHandler = () => undefined

  it('an option that limitConn does not take throws, in the same words but for queue, which it has not', () => {
    const wrong = { limit: 1, zzzzzzzzzz: true }
    const messages = [() => limitConn(wrong), () => limitUpgrade(wrong, handler)].map(
      (run) => errorOf(run).message,
    )
    expect(messages[0]).toMatch(/the options are limit, /)
    expect(messages[1]).toBe(messages[0]!.replace(', queue,', ','))
  })

  it.each([
    ['no handler', undefined, 'limitUpgrade handler is undefined'],
    ['options in its place', { limit: 1 }, 'limitUpgrade handler is {"limit":1}'],
  ])('%s throws at construction', (_, given, message) => {
    expect(() => limitUpgrade({ limit: 1 }, given as never)).toThrow(message)
  })

  it.each([
    [{}, 'ERR_LIMIT_CONN_MISSING_LIMIT'],
    [{ limit: 0 }, 'ERR_LIMIT_CONN_INVALID_OPTION'],
    [{ limit: 1, keepAliveMs: 1_000 }, 'ERR_LIMIT_CONN_UNKNOWN_OPTION'],
    [{ limit: 1, reject: 'close' }, 'ERR_LIMIT_CONN_INVALID_OPTION'],
    [{ limit: 1, message: Symbol('no text') }, 'ERR_LIMIT_CONN_INVALID_OPTION'],
  ])('%p throws at construction', (options, code) => {
    expect(() => limitUpgrade(options as never, handler)).toThrow(expect.objectContaining({ code }))
  })

  it('mounted without being called: it says how to call it', async () => {
    const thrown: unknown[] = []
    const { server, connect } = await upgrading()
    server.removeAllListeners('upgrade')
    server.on('upgrade', (req, socket, head) => {
      socket.destroy()
      try {
        Reflect.apply(limitUpgrade, undefined, [req, socket, head])
      } catch (error) {
        thrown.push(error)
      }
    })
    await (await connect()).write(upgradeTo('foo')).closed()
    expect(thrown).toEqual([expect.objectContaining({ code: 'ERR_LIMIT_CONN_NOT_CALLED' })])
  })

  it('made for each request: it warns, for nothing is limited', async () => {
    const lines: string[] = []
    const logger = { warn: (line: string) => lines.push(line), error: () => undefined }
    const { ask } = await upgrading(
      { limit: 100 },
      {
        handler: (req, socket, head) => {
          limitUpgrade({ limit: 1, logger }, (_req, taken) => taken.end())(req, socket, head)
        },
      },
    )
    await (await ask()).closed()
    await (await ask()).closed()
    expect(lines).toEqual([
      expect.stringMatching(/^WRN_LIMIT_CONN_BUILT_PER_REQUEST: limitUpgrade was called/),
    ])
  })

  it.each([false, true])(
    'CONNECT over HTTP/2 has no socket to hand over: it is sent to HTTP/1.1, and logged; TLS %s',
    async (tls) => {
      const lines: string[] = []
      const options: LimitUpgradeOptions = { limit: 1, logger: { error: (line: string) => lines.push(line) } }
      const echo = new Echo()
      const policy = limitUpgrade(options, echo.handler)
      const answer = (_req: unknown, res: http2.Http2ServerResponse): void => void res.end()
      const secure = { key: readTls('key.pem'), cert: readTls('cert.pem'), allowHTTP1: true }
      const server = tls ? http2.createSecureServer(secure, answer) : http2.createServer(answer)
      server.on('connect', policy).on('upgrade', policy)
      const served = await listen(server, { policies: [policy], tls })

      const { session } = await connect2(served)
      const stream = new Stream(session.request({ ':method': 'CONNECT', ':authority': 'example.com:443' }))
      await stream.closed()
      expect(stream.stream.rstCode).toBe(http2.constants.NGHTTP2_HTTP_1_1_REQUIRED)
      await until('it is logged', () => lines.length === 1)
      expect(lines[0]).toMatch(/^ERR_LIMIT_CONN_INVALID_SOURCE: .*CONNECT/)
      expect(echo.runs).toBe(0)

      // HTTP/1 on the same server is limited as on any other.
      if (!tls) return
      expect(await (await served.connect()).write(upgradeTo('foo')).answer()).toBe(101)
      expect(await (await served.connect()).write(upgradeTo('foo')).answer()).toBe(503)
    },
  )
})
