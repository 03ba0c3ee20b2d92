import { EventEmitter, once } from 'node:events'
import net from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { Decision } from '../../lib/core/decision.ts'
import { LimitConnError, Limiter, Zone, type Source, type LimiterOptions } from '../../lib/index.ts'
import { until } from '../helpers/until.ts'

/** The least that a limiter decides on: it closes, and may have a key. */
class Thing extends EventEmitter {
  destroyed = false
  remoteAddress: string | undefined = '192.0.2.1'
  localAddress: string | undefined = '192.0.2.9'
  readonly key: string

  constructor(key = 'a') {
    super()
    this.key = key
  }

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

const key = (source: Source): string => (source as Thing).key
const soon = (source: Source): Promise<string> => Promise.resolve(key(source))
const never = (): Promise<string> => new Promise(() => undefined)
const activeIn = (limiter: Limiter): number => limiter.zones[0]!.stats().active

const open: (net.Server | net.Socket)[] = []

/** Sockets of a server on loopback, accepted one after the other. */
async function socketsFrom(clients: number, host = '127.0.0.1'): Promise<net.Socket[]> {
  const server = net.createServer().listen(0, host)
  open.push(server)
  await once(server, 'listening')

  const sockets: net.Socket[] = []
  for (let i = 0; i < clients; i++) {
    const client = net.connect((server.address() as net.AddressInfo).port, host)
    const [socket] = (await once(server, 'connection')) as [net.Socket]
    open.push(client, socket)
    for (const end of [client, socket]) end.on('error', () => undefined)
    sockets.push(socket)
  }
  return sockets
}

afterEach(async () => {
  const ended = open.splice(0)
  for (const one of ended) if (one instanceof net.Socket) one.destroy()
  for (const one of ended) if (one instanceof net.Server) await new Promise((resolve) => one.close(resolve))
})

describe('accept', () => {
  it('holds as many sockets of one address as the limit says, until they close', async () => {
    const limiter = new Limiter({ limit: 2 })
    const [first, second, third] = await socketsFrom(3)
    const decisions: Decision[] = [first!, second!, third!].map((socket) => limiter.accept(socket))

    expect(decisions.map(({ status }) => status)).toEqual(['PASSED', 'PASSED', 'REJECTED'])
    expect(decisions[1]).toMatchObject({ passed: true, zone: limiter.zones[0]!.name, limit: 2, active: 2 })
    expect(decisions[2]).toEqual({ ...decisions[1], status: 'REJECTED', passed: false, lease: undefined })

    first!.destroy()
    await until('the slot is free', () => limiter.numOpen('127.0.0.1') === 1)
    expect(limiter.accept(third!).passed).toBe(true)
  })

  it('gives a slot back when the client goes away', async () => {
    const limiter = new Limiter({ limit: 1 })
    const [socket] = await socketsFrom(1)
    limiter.accept(socket!)
    socket!.resume()
    for (const one of open) if (one instanceof net.Socket && one !== socket) one.destroy()
    await until('the slot is free', () => activeIn(limiter) === 0)
    expect(limiter.accept(socket!)).toEqual({ status: 'GONE', passed: false })
  })

  it('takes no second slot for the same source', async () => {
    const limiter = new Limiter({ limit: 1 })
    const [socket] = await socketsFrom(1)
    const [first, second] = [limiter.accept(socket!), limiter.accept(socket!)]
    expect([first.status, second.status, activeIn(limiter)]).toEqual(['PASSED', 'PASSED', 1])
    expect(second.lease).toBe(first.lease)
    expect(limiter.zones[0]!.stats().passed).toBe(1)
    expect(socket!.listeners('close').filter(({ name }) => name === 'endHolder')).toHaveLength(1)
  })

  it('answers at once where all functions do, and with a promise where one does not, typed so', async () => {
    const now: Decision = new Limiter({ limit: () => 1, key }).accept(new Thing())
    const later: Promise<Decision> = new Limiter({ limit: 1, key: soon }).accept(new Thing())
    const listed: Promise<Decision> = new Limiter({ limits: [{ limit: 1, key: soon }] }).accept(new Thing())
    // An empty key is answered at once: the limit is not asked.
    const either: Decision | Promise<Decision> = new Limiter({ limit: async () => 1, key }).accept(
      new Thing(),
    )

    expect([now, later, listed, either].map((one) => one instanceof Promise)).toEqual([
      false,
      true,
      true,
      true,
    ])
    for (const one of [now, later, listed, either]) expect((await one).status).toBe('PASSED')
  })

  it('keeps to the limit when many ask at once and wait for their keys', async () => {
    const limiter = new Limiter({ limit: 2, key: soon })
    const decisions = await Promise.all(Array.from({ length: 50 }, () => limiter.accept(new Thing())))
    expect(decisions.filter(({ passed }) => passed)).toHaveLength(2)
    expect(limiter.numOpen('a')).toBe(2)
  })

  it('passes a source whose key is empty, without a lease', () => {
    const limiter = new Limiter({ limit: 1, key: () => undefined })
    const decisions = [1, 2].map(() => limiter.accept(new Thing()))
    expect(decisions).toEqual([1, 2].map(() => ({ status: undefined, passed: true })))
    expect(limiter.zones[0]!.stats()).toMatchObject({ skipped: 2, active: 0 })
  })

  it('gives no lease where it passes a source without a slot', () => {
    const zone = new Zone({ name: 'z', max: 1, onFull: 'pass' })
    const limiter = new Limiter({ limit: 1, key, zone })
    limiter.accept(new Thing('a'))
    const { status, lease } = limiter.accept(new Thing('b'))
    expect([status, lease]).toEqual(['PASSED', undefined])
  })
})

describe('a source that is gone', () => {
  it('is not counted when it was destroyed before', async () => {
    const limiter = new Limiter({ limit: 1 })
    const [socket] = await socketsFrom(1)
    socket!.destroy()
    expect(limiter.accept(socket!)).toEqual({ status: 'GONE', passed: false })
    expect(limiter.zones[0]!.stats()).toMatchObject({ active: 0, passed: 0, rejected: 0, skipped: 0 })
  })

  it.each([{ limit: 1 }, { limit: 1, key }])('is a TCP socket without an address: %p', (options) => {
    const limiter = new Limiter(options)
    const thing = Object.assign(new Thing(), { remoteAddress: undefined })
    expect(limiter.accept(thing)).toEqual({ status: 'GONE', passed: false })
    expect(activeIn(limiter)).toBe(0)
  })

  it('is one that closes while its key is awaited', async () => {
    const limiter = new Limiter({ limit: 1, key: soon })
    const thing = new Thing()
    const promise = limiter.accept(thing)
    thing.destroy()
    expect(await promise).toEqual({ status: 'GONE', passed: false })
    expect(activeIn(limiter)).toBe(0)
  })

  it('is one that closes while its key is awaited, though it has no property destroyed', async () => {
    const limiter = new Limiter({ limit: 1, key: async () => 'a' })
    const emitter = new EventEmitter()
    const promise = limiter.accept(emitter)
    emitter.emit('close')
    expect((await promise).status).toBe('GONE')
    expect(activeIn(limiter)).toBe(0)
  })
})

it('is asked again by the options that are in force when its key has come', async () => {
  const limiter = new Limiter({ limit: 1, key: soon })
  const promise = limiter.accept(new Thing('a'))
  limiter.setConfig({ key: async () => 'b' })
  await promise
  expect(limiter.zones[0]!.top().map((top) => top.key)).toEqual(['b'])
})

describe('a lease', () => {
  it('gives the slot back once, and stays harmless after the source was accepted again', () => {
    const limiter = new Limiter({ limit: 1, key })
    const [thing, other] = [new Thing(), new Thing()]
    const { lease } = limiter.accept(thing)
    expect([lease!.isReleased, limiter.accept(other).passed]).toEqual([false, false])

    lease!.release()
    lease!.release()
    expect([lease!.isReleased, activeIn(limiter)]).toEqual([true, 0])

    const again = limiter.accept(thing).lease
    lease!.release()
    expect([again === lease, activeIn(limiter)]).toEqual([false, 1])
    thing.destroy()
    again!.release()
    expect(activeIn(limiter)).toBe(0)
  })

  it('is disposable', () => {
    const limiter = new Limiter({ limit: 1, key })
    const { lease } = limiter.accept(new Thing())
    lease![Symbol.dispose]()
    expect([lease!.isReleased, activeIn(limiter)]).toEqual([true, 0])
  })

  it('leaves the slot to another limiter that uses it too', () => {
    const zone = new Zone({ name: 'shared' })
    const [one, two] = [new Limiter({ limit: 1, key, zone }), new Limiter({ limit: 1, key, zone })]
    const thing = new Thing()
    const leases = [one.accept(thing).lease, two.accept(thing).lease]
    expect(zone.count('a')).toBe(1)
    leases[0]!.release()
    expect(zone.count('a')).toBe(1)
    leases[1]!.release()
    expect(zone.count('a')).toBe(0)
  })
})

describe('numOpen', () => {
  it.each([
    '127.0.0.1',
    '::ffff:127.0.0.1',
    '::FFFF:7f00:1',
    '64:ff9b::127.0.0.1',
    '0:0:0:0:0:ffff:7f00:0001',
  ])('reads the address %s', async (text) => {
    const limiter = new Limiter({ limit: 2 })
    for (const socket of await socketsFrom(2)) limiter.accept(socket)
    expect([limiter.numOpen(text), limiter.numOpen({ text })]).toEqual([2, 0])
  })

  it('tells the highest count of several limits', () => {
    const limiter = new Limiter({
      limits: [
        { limit: 9, key },
        { limit: 9, key: () => 'b' },
      ],
    })
    for (const text of ['a', 'b', 'b']) limiter.accept(new Thing(text))
    expect([limiter.numOpen('a'), limiter.numOpen('b'), limiter.numOpen('c')]).toEqual([1, 3, 0])
  })
})

/** Has every function, also `then`; each does nothing and returns nothing. */
const mute: unknown = new Proxy({}, { get: () => () => undefined })

/** A function that answers what is no key and no limit. */
const wrong = (value: unknown) => (): never => value as never

describe('functions that fail', () => {
  const boom = new Error('boom')
  const fail = (): never => {
    throw boom
  }
  const reject = (): Promise<never> => Promise.reject(boom)
  const noLimit = { limit: 1, key: () => '' }
  const tooLate = 'ERR_LIMIT_CONN_TIMEOUT'
  const failed = 'ERR_LIMIT_CONN_FUNCTION_FAILED'
  const badKey = 'ERR_LIMIT_CONN_INVALID_KEY'
  const badLimit = 'ERR_LIMIT_CONN_INVALID_LIMIT'

  it.each<[string, LimiterOptions, string, string]>([
    ['a key throws', { limit: 1, key: fail }, failed, 'options.key failed: boom'],
    ['a key rejects', { limit: 1, key: reject }, failed, 'options.key failed: boom'],
    ['a limit throws', { limit: fail, key }, failed, 'options.limit failed: boom'],
    ['a limit rejects', { limit: reject, key }, failed, 'options.limit failed: boom'],
    ['one of a list', { limits: [noLimit, { limit: 1, key: fail }] }, failed, 'options.limits[1].key failed'],
    ['an object', { limit: 1, key: wrong({ a: 1 }) }, badKey, 'options.key returned an object'],
    ['a boolean', { limit: 1, key: wrong(false) }, badKey, 'options.key returned false'],
    [
      'a symbol, later',
      { limit: 1, key: wrong(Promise.resolve(Symbol('s'))) },
      badKey,
      'options.key returned a symbol',
    ],
    ['NaN', { limit: 1, key: wrong(NaN) }, badKey, 'options.key returned NaN'],
    ['limit -1', { limit: () => -1, key }, badLimit, 'options.limit returned -1; expected a whole'],
    ['limit 0.5', { limit: () => 0.5, key }, badLimit, 'options.limit returned 0.5'],
    ['limit NaN', { limit: () => NaN, key }, badLimit, 'options.limit returned NaN'],
    ['limit "5"', { limit: wrong('5'), key }, badLimit, 'options.limit returned "5"'],
    ['no limit', { limit: wrong(undefined), key }, badLimit, 'options.limit returned undefined'],
    ['no answer', { limit: 1, key: never, timeoutMs: 5 }, tooLate, 'within 5 ms'],
    ['a thenable that does nothing', { limit: 1, key: wrong(mute), timeoutMs: 5 }, tooLate, 'within 5 ms'],
  ])('let nobody in and count nothing: %s', async (...[, options, code, message]) => {
    const limiter = new Limiter(options)
    const decision: Decision = await limiter.accept(new Thing())

    expect(decision).toEqual({ status: undefined, passed: false, error: expect.any(LimitConnError) })
    expect(decision.error).toMatchObject({ code, message: expect.stringContaining(message) })
    expect(decision.error!.cause).toBe(code === failed ? boom : undefined)
    expect(limiter.zones[0]!.stats()).toMatchObject({ active: 0, passed: 0, rejected: 0, skipped: 0 })
  })

  it.each([
    [0, 'REJECTED'],
    [1, 'PASSED'],
    [Infinity, 'PASSED'],
  ])('a limit function may answer %p', (limit, status) => {
    expect(new Limiter({ limit: () => limit, key }).accept(new Thing()).status).toBe(status)
  })
})
