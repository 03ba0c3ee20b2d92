import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import pino from 'pino'
import winston from 'winston'
import { limitConn, Zone, type LimitConn, type LimitConnOptions } from '../../lib/index.ts'
import type { Hit } from '../../lib/core/decision.ts'
import { makeJournal } from '../../lib/log/journal.ts'
import { write } from '../../lib/log/logger.ts'
import { guarded } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve, type Served } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

type Entry = Record<string, unknown>

/** Where loggers write, and what they wrote. */
class Sink extends Writable {
  readonly entries: Entry[] = []

  override _write(chunk: Buffer, _: string, done: () => void): void {
    for (const line of chunk.toString().trim().split('\n')) this.entries.push(JSON.parse(line) as Entry)
    done()
  }
}

const { splat, json, combine } = winston.format
const withWinston = (sink: Sink, format = combine(splat(), json())): winston.Logger =>
  winston.createLogger({ format, transports: [new winston.transports.Stream({ stream: sink })] })

/** A server that lets one connection in, which is held, and logs to a logger. */
async function stand(
  logger: object,
  over: Partial<LimitConnOptions> = {},
): Promise<{
  readonly policy: LimitConn
  readonly server: Served
  readonly refuse: (path?: string) => Promise<void>
}> {
  const zone = new Zone({ name: 'addr' })
  const policy = limitConn({ limit: 1, zone, logger, warnings: false, ...over })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy] })
  await server.get()
  await held.arrived(1)
  const refuse = async (path = '/'): Promise<void> => void (await (await server.get(path)).answer())
  return { policy, server, refuse }
}

const ignore = (): void => undefined
const line = 'limiting connections by zone "addr", client: 127.0.0.1, server: '

describe.each<[string, (sink: Sink) => object, string]>([
  ['pino', (sink) => pino({}, sink), 'msg'],
  ['a child of pino', (sink) => pino({}, sink).child({ part: 'web' }), 'msg'],
  ['winston', (sink) => withWinston(sink), 'message'],
  ['a child of winston', (sink) => withWinston(sink).child({ part: 'web' }), 'message'],
])('%s gets fields beside the line', (_, make, text) => {
  it('of a refusal', async () => {
    const sink = new Sink()
    const { server, refuse } = await stand(make(sink))
    await refuse('/x?y=1')
    await until('it is written', () => sink.entries.length === 1)
    expect(sink.entries).toMatchObject([
      {
        [text]: `${line}127.0.0.1:${server.port}, request: "GET /x?y=1 HTTP/1.1", host: "test"`,
        zone: 'addr',
        key: '127.0.0.1',
        kind: 'rejected',
        limit: 1,
        client: '127.0.0.1',
        server: `127.0.0.1:${server.port}`,
        request: 'GET /x?y=1 HTTP/1.1',
        host: 'test',
      },
    ])
  })

  it('of a dry run; and what a client has written is never a place for them', async () => {
    const sink = new Sink()
    const { policy, server } = await stand(make(sink))
    policy.setConfig({ dryRun: true })
    await server.get('/%s%o?%j%%d')
    await until('it is written', () => sink.entries.length === 1)
    const [entry] = sink.entries
    expect(entry).toMatchObject({ kind: 'rejected_dry_run', request: 'GET /%s%o?%j%%d HTTP/1.1' })
    expect(entry![text]).toContain('limiting connections, dry run, by zone "addr", client: 127.0.0.1, ')
    expect(entry![text]).toContain('request: "GET /%s%o?%j%%d HTTP/1.1"')
  })

  it('of a warning and of an error: the code', async () => {
    const sink = new Sink()
    const key = (): string => {
      throw new Error('no')
    }
    const { connect } = await guarded('net', {
      limit: 1,
      key,
      logger: make(sink),
      logLevel: 'error',
    })
    await (await connect()).closed()
    await until('it is written', () => sink.entries.length === 1)
    expect(sink.entries[0]).toMatchObject({ code: 'ERR_LIMIT_CONN_FUNCTION_FAILED', client: '127.0.0.1' })
    expect(sink.entries[0]).not.toHaveProperty('zone')

    limitConn({ limit: 1, key: '$http_x', logger: make(sink) })
    await until('it warns', () => sink.entries.length === 2)
    expect(sink.entries[1]).toMatchObject({ code: 'WRN_LIMIT_CONN_UNCHECKED_KEY' })
  })
})

describe('a logger that is not known', () => {
  it.each<[string, object]>([
    ['a console', {}],
    ['one with the children of pino', { child: ignore, bindings: ignore }],
    [
      'one with the transports of an old winston',
      { transports: {}, configure: ignore, isLevelEnabled: ignore },
    ],
    ['one that is no winston', { transports: [], add: ignore }],
  ])('gets the line alone: %s', async (_, like) => {
    const calls: unknown[][] = []
    const { refuse } = await stand({ ...like, error: (...args: unknown[]) => calls.push(args) })
    await refuse()
    expect(calls).toEqual([[expect.stringContaining(line)]])
  })

  it('has no fields made for it', () => {
    let made = 0
    const fields = (): Record<string, string> => ({ made: String(++made) })
    write({ error: () => undefined }, 'error', { line: 'a', fields })
    expect(made).toBe(0)
    write(pino({}, new Sink()), 'error', { line: 'a', fields })
    expect(made).toBe(1)
  })
})

describe('what the fields of a key are', () => {
  it('hide a key that clients send, unless the zone reveals it', async () => {
    const sink = new Sink()
    const [hidden, revealed] = [new Zone({ name: 'h' }), new Zone({ name: 'r', reveal: true })]
    const key = (): string => 'secret\u001b[31m'
    const { policy, server, refuse } = await stand(pino({}, sink), { zone: hidden, key })
    await refuse()
    policy.setConfig({ zone: revealed, limit: () => 0 })
    await (await server.get()).answer()
    expect(sink.entries.map(({ key: shown }) => shown)).toEqual([
      expect.stringMatching(/^key#[\w-]{12}$/),
      'secret\\x1b[31m',
    ])
    expect(JSON.stringify(sink.entries[0])).not.toContain('secret')
  })

  it('hide the client where the zone that decided hashes addresses: in the line and in both fields', async () => {
    const sink = new Sink()
    const zone = new Zone({ name: 'private', privacy: 'hash-ip' })
    const { policy, server, refuse } = await stand(pino({}, sink), { zone })
    await refuse()
    const [entry] = sink.entries
    const shown = zone.top(1)[0]!.shown
    expect(shown).toMatch(/^ip#[\w-]{12}$/)
    expect(entry).toMatchObject({ key: shown, client: shown })
    expect(entry!['msg']).toContain(`by zone "private", client: ${shown}, server: 127.0.0.1:${server.port}, `)

    const limits = [
      { zone: new Zone({ name: 'open' }), limit: () => 0 },
      { zone: new Zone({ name: 'shut', privacy: 'hash-ip' }), limit: 9 },
    ] as const
    policy.setConfig({ limits, limit: undefined, zone: undefined } as never)
    await (await server.get()).answer()
    expect(sink.entries[1]).toMatchObject({ zone: 'open', client: '127.0.0.1' })
  })

  it('hide the client of an error where a zone of the policy hashes addresses', async () => {
    const sink = new Sink()
    const limit = (): number => -1
    const zone = new Zone({ name: 'private', privacy: 'hash-ip' })
    const { connect } = await guarded('net', { limit, zone, logger: pino({}, sink), logLevel: 'error' })
    await (await connect()).closed()
    expect(sink.entries).toMatchObject([
      { code: 'ERR_LIMIT_CONN_INVALID_LIMIT', client: expect.stringMatching(/^ip#/) },
    ])
    expect(sink.entries[0]!['msg']).not.toContain('client: 127')
  })
})

describe('A-19: under 10,000 refusals a second', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => {
    jest.clearAllTimers()
    jest.useRealTimers()
  })

  it('at most ten entries of pino are written in any second, and summaries say how many were not', () => {
    const sink = new Sink()
    const logger = pino({ timestamp: false }, sink)
    const zone = new Zone({ name: 'addr' })
    const settings = { logger, logLevel: 'error' as const, limits: [{ zone }] }
    let contexts = 0
    const journal = makeJournal(
      () => settings,
      () => ({ client: String(contexts++) }),
    )
    const perSecond = new Map<number, number>()
    let hits = 0
    const settled: Entry[] = []
    for (let tick = 0; tick < 2_200; tick++) {
      for (let i = 0; i < 100; i++) {
        const hit: Hit = { zone, kind: 'rejected', key: `a:10.0.0.${i}`, limit: 1 }
        journal.hits([hit], undefined)
        hits++
      }
      jest.advanceTimersByTime(10)
      const second = Math.floor(performance.now() / 1_000)
      perSecond.set(second, (perSecond.get(second) ?? 0) + sink.entries.length)
      settled.push(...sink.entries.splice(0))
    }
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(10)

    jest.advanceTimersByTime(20_000)
    settled.push(...sink.entries.splice(0))
    const summaries = settled.filter((entry) => 'suppressed' in entry)
    expect(summaries[0]).toMatchObject({
      zone: 'addr',
      kind: 'rejected',
      limit: 1,
      key: expect.stringMatching(/^10\.0\.0/),
    })
    expect(summaries[0]!['msg']).toBe(
      `limiting connections by zone "addr", ${String(summaries[0]!['suppressed'])} more in 10 s`,
    )
    expect(summaries.some((entry) => !('zone' in entry))).toBe(true)
    const suppressed = summaries.reduce((sum, entry) => sum + Number(entry['suppressed']), 0)
    expect(settled.length - summaries.length + suppressed).toBe(hits)
    expect(contexts).toBe(settled.length - summaries.length)
  })
})
