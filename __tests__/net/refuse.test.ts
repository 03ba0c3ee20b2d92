import type { Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import type { Decision, LimitServerOptions } from '../../lib/index.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { guarded, guardKinds, type Guarded, type GuardKind } from '../helpers/guarded.ts'
import { connectionsOf } from '../helpers/server.ts'
import { elapse, nextTurn, until } from '../helpers/until.ts'

const kinds = Object.keys(guardKinds) as GuardKind[]

/** A guard with a limit of one, which is taken by a client of TCP. */
async function full(kind: GuardKind, options: Partial<LimitServerOptions>): Promise<Guarded> {
  const served = await guarded(kind, { limit: 1, ...options })
  tcp(served.port)
  await until('the slot is taken', () => served.zone.stats().active === 1)
  return served
}

/** A client of TCP, and what came to it. */
function listener(port: number) {
  const seen = { text: '', error: '' }
  const client = tcp(port)
  client.setEncoding('latin1').on('data', (chunk) => (seen.text += String(chunk)))
  client.on('error', ({ code }: NodeJS.ErrnoException) => (seen.error = String(code)))
  return { client, seen }
}

describe.each(kinds)('on %s', (kind) => {
  it('N11: destroy: the client sees a clean end, 20 of 20', async () => {
    const { port, zone } = await full(kind, {})
    const refused = Array.from({ length: 20 }, () => listener(port))
    for (const { client } of refused) await closedByServer(client)

    expect(new Set(refused.map(({ seen }) => `${seen.text}${seen.error}`))).toEqual(new Set(['']))
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 20, active: 1, peak: 1 })
  })

  it('N11: reset: the client sees ECONNRESET, 20 of 20', async () => {
    const { port, zone } = await full(kind, { reject: 'reset' })
    const refused = Array.from({ length: 20 }, () => listener(port))
    for (const { client } of refused) await closedByServer(client)

    expect(refused.filter(({ seen }) => seen.error === 'ECONNRESET')).toHaveLength(20)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 20, active: 1 })
  })

  it('a function: it has the socket and the decision, and its word comes to the client', async () => {
    const calls: [unknown, Decision][] = []
    let from: unknown
    const reject = (socket: Socket, decision: Decision): void => {
      calls.push([socket.remotePort, decision])
      socket.end('421 too many\r\n')
    }
    const { port, zone, held } = await full(kind, { reject })
    const { client, seen } = listener(port)
    client.once('connect', () => (from = client.localPort))
    await closedByServer(client)

    expect(seen).toEqual({ text: '421 too many\r\n', error: '' })
    const decision = { status: 'REJECTED', passed: false, zone: zone.name, limit: 1, active: 1 }
    expect(calls).toEqual([[from, decision]])
    expect(held.runs).toBe(0)
  })
})

describe('a function that refuses', () => {
  const theirs = new Error('theirs')

  it.each([
    [
      'throws',
      () => {
        throw theirs
      },
      'FUNCTION_FAILED: options.reject failed: theirs',
    ],
    ['rejects', async () => Promise.reject(theirs), 'FUNCTION_FAILED: options.reject failed: theirs'],
    [
      'never settles',
      () => new Promise(() => undefined),
      'TIMEOUT: options.reject gave no answer within 20 ms',
    ],
  ])('that %s: the socket is closed at once, and a line tells of it', async (_, reject, text) => {
    const lines: string[] = []
    const logger = { error: (line: string) => lines.push(line) }
    const { port, zone } = await full('net', { reject, timeoutMs: 20, logger, logLevel: 'error' })
    const beforeMs = performance.now()
    await closedByServer(tcp(port))

    expect(performance.now() - beforeMs).toBeLessThan(800)
    expect(lines).toEqual([
      `limiting connections by zone "${zone.name}", client: 127.0.0.1, server: 127.0.0.1:${port}`,
      `ERR_LIMIT_CONN_${text}, client: 127.0.0.1, server: 127.0.0.1:${port}`,
    ])
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
  })

  it.each([
    ['that says nothing', () => undefined],
    ['that is done after a while', () => elapse(50)],
    ['that writes, and does not end', (socket: Socket) => void socket.write('no')],
  ])('%s: the socket is closed within a second after it is done', async (_, reject) => {
    const { port, sockets } = await full('net', { reject })
    const beforeMs = performance.now()
    await closedByServer(tcp(port))

    const tookMs = performance.now() - beforeMs
    expect(tookMs).toBeGreaterThan(800)
    expect(tookMs).toBeLessThan(2_500)
    expect(sockets.size).toBe(1)
  })

  it('that destroys the socket itself, at once or later', async () => {
    const lines: unknown[] = []
    const logger = { warn: (line: string) => lines.push(line) }
    let n = 0
    const reject = async (socket: Socket): Promise<void> => {
      if (++n > 1) await elapse(5)
      socket.destroy()
    }
    const { port, zone } = await full('net', { reject, logger, logLevel: 'warn' })
    for (let client = 0; client < 3; client++) await closedByServer(tcp(port))

    expect(zone.stats().rejected).toBe(3)
    expect(lines).toHaveLength(1)
  })

  it('that removes the listeners of the socket does not use up the 1,024 that may wait', async () => {
    const reject = (socket: Socket): void => void socket.removeAllListeners('close').end('no')
    const { port, guard } = await full('net', { reject, sweep: { everyMs: 20 } })
    for (let n = 0; n < 1_100; n += 220) {
      const refused = Array.from({ length: 220 }, () => listener(port))
      for (const { client } of refused) await closedByServer(client)
      expect(new Set(refused.map(({ seen }) => seen.text))).toEqual(new Set(['no']))
      await until('none of them is left', () => guard.watched === 1)
    }
  })
})

describe('respond, on a plain HTTP server', () => {
  const generic = 'Too many connections, please try again later.\n'

  it.each([
    [{}, 503, 'Service Unavailable', 'text/plain; charset=utf-8', generic],
    [{ statusCode: 429 }, 429, 'Too Many Requests', 'text/plain; charset=utf-8', generic],
    [{ statusCode: 499, message: 'no' }, 499, 'Refused', 'text/plain; charset=utf-8', 'no'],
    [
      { message: { error: 'no' } },
      503,
      'Service Unavailable',
      'application/json; charset=utf-8',
      '{"error":"no"}',
    ],
  ] as const)('%j', async (options, status, reason, type, body) => {
    const { connect, held } = await full('http', { reject: 'respond', ...options })
    const refused = await connect()
    await refused.closed()

    expect(refused.error).toBeUndefined()
    const [head, text] = refused.received.split('\r\n\r\n')
    expect(text).toBe(body)
    const [first, date, ...fields] = head!.split('\r\n')
    expect(first).toBe(`HTTP/1.1 ${status} ${reason}`)
    expect(date).toMatch(/^Date: .* GMT$/)
    expect(fields).toEqual(['Connection: close', `Content-Type: ${type}`, `Content-Length: ${body.length}`])
    expect(held.runs).toBe(0)
  })

  it('N2, N10: no handler runs, and 60 of 60 have the answer though 50 KB were on the way', async () => {
    const { connect, held, zone } = await full('http', { reject: 'respond' })
    const refused = await Promise.all(Array.from({ length: 60 }, () => connect()))
    for (const client of refused) {
      client.write(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 50000\r\n\r\n${'x'.repeat(50_000)}`)
    }
    for (const client of refused) await client.closed()

    expect(refused.flatMap(({ statuses }) => statuses)).toEqual(Array(60).fill(503))
    expect(held.runs).toBe(0)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 60, active: 1 })
  })

  it('a message that became no JSON: closed, and a line tells of it', async () => {
    const lines: string[] = []
    const logger = { error: (line: string) => lines.push(line) }
    const message: Record<string, unknown> = {}
    const { port } = await full('http', { reject: 'respond', message, logger, logLevel: 'error' })
    message['self'] = message
    const { client, seen } = listener(port)
    await closedByServer(client)

    expect(seen.text).toBe('')
    expect(lines[1]).toMatch(/^ERR_LIMIT_CONN_\w+: options\.message /)
  })

  it('N50: clients that never read and never close: 1,024 wait at most, and are gone within a second', async () => {
    const { port, zone, server, connect } = await full('http', { reject: 'respond' })
    for (let n = 0; n < 1_100; n += 220) {
      for (let m = 0; m < 220; m++) tcp(port, { allowHalfOpen: true }).pause()
      await until('they are refused', () => zone.stats().rejected === n + 220)
    }
    expect(await connectionsOf(server)).toBeLessThanOrEqual(1_025)

    const beforeMs = performance.now()
    while ((await connectionsOf(server)) > 1) await nextTurn()
    expect(performance.now() - beforeMs).toBeLessThan(2_000)
    expect(await (await connect()).answer()).toBe(503)
  })
})
