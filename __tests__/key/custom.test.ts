import { describe, expect, it } from '@jest/globals'
import { byIp, limitConn, type LimitConn, type LimitConnOptions } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve, type Served } from '../helpers/server.ts'
import { nextTurn, until } from '../helpers/until.ts'

type Key = NonNullable<LimitConnOptions['key']>

interface Scene {
  readonly zone: LimitConn['zones'][number]
  readonly held: Held
  readonly server: Served
  /** What the middleware threw: nothing, ever. */
  readonly thrown: unknown[]
}

async function scene(key: unknown, options: Partial<LimitConnOptions> = {}): Promise<Scene> {
  const policy = limitConn({ limit: 1, key: key as Key, timeoutMs: 50, logLevel: false, ...options })
  const held = new Held()
  const thrown: unknown[] = []
  const inner = bare([policy], held.handler)
  const server = await serve(
    (req, res) => {
      try {
        inner(req, res)
      } catch (error) {
        thrown.push(error)
        res.end('thrown')
      }
    },
    { policies: [policy] },
  )
  return { zone: policy.zones[0]!, held, server, thrown }
}

const untouched = { passed: 0, rejected: 0, rejectedDryRun: 0, skipped: 0, exhausted: 0, active: 0, keys: 0 }

/** Asks once; nobody is let in, nothing is counted, and `next` gets the error. */
async function expectError({ server, held, zone, thrown }: Scene, code: string): Promise<void> {
  const client = await server.get()
  const status = await client.answer()
  await until('the body is there', () => /\r\n\r\n./.test(client.received))

  expect(thrown).toEqual([])
  expect([status, /ERR_\w+/.exec(client.received)?.[0]]).toEqual([500, `ERR_LIMIT_CONN_${code}`])
  expect(held.runs).toBe(0)
  expect(zone.stats()).toMatchObject(untouched)
  expect(zone.top(9)).toEqual([])
}

/** An object with a function `then` that is no Promise, as an await takes it. */
const thenable = (then: (resolve: (value: unknown) => void) => unknown): object =>
  Object.fromEntries(new Map<string, unknown>([['then', then]]))

const noAnswer = (): Promise<string> => new Promise(() => undefined)

const ways: Record<string, (key: () => unknown) => unknown> = {
  'at once': (key) => key,
  later: (key) => async () => (await nextTurn(), key()),
}

describe.each(Object.keys(ways))('A-34, A-35: a key function that answers %s', (way) => {
  const wrapped = ways[way]!
  const long = 'k'.repeat(255)

  it.each<[what: string, value: unknown, kind: string, text?: string]>([
    ['a number', 5, 'text', '5'],
    ['a number below zero', -1.5, 'text', '-1.5'],
    ['minus zero', -0, 'text', '0'],
    ['a huge number', 1e21, 'text', '1e+21'],
    ['a bigint', 2n ** 64n, 'text', '18446744073709551616'],
    ['a blank', ' ', 'text', ' '],
    ['a NUL', '\0', 'text', '\0'],
    ['a control character', 'a\r\n\x1bb', 'text', 'a\r\n\x1bb'],
    ['half a surrogate pair', 'a\ud800', 'text', 'a\ud800'],
    ['a name of the prototype', '__proto__', 'text', '__proto__'],
    ['another', 'constructor', 'text', 'constructor'],
    ['an address as text', '127.0.0.1', 'text', '127.0.0.1'],
    ['the tag of an address', 'a:127.0.0.1', 'text', 'a:127.0.0.1'],
    ['255 bytes', long, 'text', long],
    ['256 bytes', `${long}k`, 'hash'],
    ['257 bytes', `${long}kk`, 'hash'],
    ['256 bytes in 128 characters', 'é'.repeat(128), 'hash'],
    ['16 KB', 'k'.repeat(16_384), 'hash'],
    ['NFC', 'caf\u00e9', 'text', 'caf\u00e9'],
    ['NFD', 'cafe\u0301', 'text', 'cafe\u0301'],
  ])('limits %s', async (...[, value, kind, text]) => {
    const { server, held, zone, thrown } = await scene(wrapped(() => value))
    await server.get()
    await held.arrived(1)

    expect(await (await server.get()).answer()).toBe(503)
    expect(zone.top(9)).toMatchObject([{ kind, active: 1, ...(text !== undefined && { key: text }) }])
    expect(zone.count({ text: String(value) })).toBe(1)
    expect(zone.count('127.0.0.1')).toBe(0)
    expect([held.runs, thrown]).toEqual([1, []])
  })

  it.each<[what: string, value: unknown]>([
    ['an empty text', ''],
    ['undefined', undefined],
    ['null', null],
  ])('does not account %s, and says so', async (_what, value) => {
    const { server, held, zone } = await scene(wrapped(() => value))
    for (let i = 0; i < 3; i++) await server.get()
    await held.arrived(3)

    expect(zone.stats()).toMatchObject({ ...untouched, skipped: 3 })
    expect(held.waiting.map(({ req }) => req.limitConn)).toEqual([undefined, undefined, undefined])
  })

  it.each<[what: string, value: unknown]>([
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['true', true],
    ['false', false],
    ['an object', { key: 'k' }],
    ['an object without a prototype', Object.create(null)],
    ['an object that JSON cannot show', { big: 1n }],
    ['a list', ['k']],
    ['a String object', Object('k')],
    ['a Date', new Date(0)],
    ['bytes', Buffer.from('k')],
    ['a symbol', Symbol('limit-conn.gone')],
    ['a function', () => 'k'],
    ['byIp that was not called with the request', byIp()],
    ['what only looks like an address key', { keys: ['a:127.0.0.1'] }],
  ])('answers with an error for %s', async (_what, value) => {
    await expectError(await scene(wrapped(() => value)), 'INVALID_KEY')
  })

  it.each<[what: string, cause: unknown]>([
    ['an Error', new Error('boom')],
    ['a text', 'boom'],
    ['undefined', undefined],
    ['null', null],
    ['a symbol', Symbol('boom')],
    ['an object', { boom: true }],
    ['an object that is no text', Object.create(null)],
    ['an Error whose message is no text', Object.assign(new Error('boom'), { message: Symbol('boom') })],
  ])('answers with an error where it throws %s', async (_what, cause) => {
    function fail(): never {
      throw cause
    }
    await expectError(await scene(wrapped(fail)), 'FUNCTION_FAILED')
  })

  it('may answer what byIp()(req) answers', async () => {
    const address = byIp({ trustProxy: 'loopback' })
    const later = async (req: Parameters<typeof address>[0]): Promise<unknown> => address(req)
    const { server, held, zone } = await scene(way === 'later' ? later : address)
    await server.get('/', { 'X-Forwarded-For': '5.5.5.5' })
    await held.arrived(1)

    expect(await (await server.get('/', { 'X-Forwarded-For': '::ffff:5.5.5.5' })).answer()).toBe(503)
    expect(zone.top(9)).toMatchObject([{ kind: 'address', key: '5.5.5.5', active: 1 }])
  })

  it('is not let in by a limit that fails behind it', async () => {
    const options = { limit: () => NaN }
    const { server, held, zone } = await scene(
      wrapped(() => 'k'),
      options,
    )
    expect(await (await server.get()).answer()).toBe(500)
    expect([held.runs, zone.stats()]).toMatchObject([0, untouched])
  })
})

describe('a key function', () => {
  it('tells apart keys that differ only behind 255 bytes, in normal form, or in half a surrogate pair', async () => {
    const values = ['a', 'b'].map((last) => 'k'.repeat(255) + last)
    values.push('caf\u00e9', 'cafe\u0301', 'K', 'k', '\ud800', '\ud801', '\ufffd')
    values.push(`${'k'.repeat(255)}\ud800`, `${'k'.repeat(255)}\ud801`)
    let at = 0
    const { server, held, zone } = await scene(() => values[at++])
    for (let i = 0; i < values.length; i++) await server.get()
    await held.arrived(values.length)

    expect(zone.stats()).toMatchObject({ passed: values.length, keys: values.length })
    expect(values.map((text) => zone.count({ text }))).toEqual(values.map(() => 1))
  })

  it('counts 5, 5n and "5" as one key', async () => {
    const values = [5, 5n, '5']
    let at = 0
    const { server, held, zone } = await scene(() => values[at++], { limit: 2 })
    for (let i = 0; i < 2; i++) await server.get()
    await held.arrived(2)
    expect(await (await server.get()).answer()).toBe(503)
    expect(zone.count('5')).toBe(2)
  })

  it('is called with the request and the response', async () => {
    const seen: unknown[][] = []
    const { server, held } = await scene((...args: unknown[]) => (seen.push(args), 'k'))
    await server.get()
    await held.arrived(1)
    const { req, res } = held.waiting[0]!
    expect(seen.map(([first, second]) => [first === req, second === res])).toEqual([[true, true]])
  })

  it('may answer with anything that await takes', async () => {
    const answers = thenable((resolve) => {
      resolve('k')
    })
    const { server, held, zone, thrown } = await scene(() => answers)
    await server.get()
    await until('held or thrown', () => held.runs > 0 || thrown.length > 0)
    expect(thrown).toEqual([])
    expect(await (await server.get()).answer()).toBe(503)
    expect(zone.count('k')).toBe(1)
  })
})

describe('A-38: a key function that answers later', () => {
  it('lets in no more than the limit, however many wait for their key together', async () => {
    const settles: ((key: string) => void)[] = []
    const key = (): Promise<string> => new Promise((resolve) => settles.push(resolve))
    const { server, held, zone } = await scene(key, { limit: 3, timeoutMs: 10_000 })
    const clients = await Promise.all(Array.from({ length: 10 }, () => server.get()))
    await until('all wait', () => settles.length === 10)
    expect(zone.stats()).toMatchObject(untouched)

    for (const settle of settles) settle('k')
    await until('seven are refused', () => clients.filter(({ statuses }) => statuses[0] === 503).length === 7)
    expect(held.runs).toBe(3)
    expect(zone.stats()).toMatchObject({ passed: 3, rejected: 7, active: 3, peak: 3 })
  })
})

describe('A-38: a key function that does not answer in time', () => {
  it.each<[what: string, key: Key]>([
    ['never settles', noAnswer],
    ['answers with a thenable that never calls back', () => thenable(() => undefined) as never],
  ])('gives an error within timeoutMs where it %s', async (_what, key) => {
    await expectError(await scene(key), 'TIMEOUT')
  })

  it('F44: counts nothing where it answers after timeoutMs', async () => {
    const answers: ((key: string) => void)[] = []
    const one = await scene(() => new Promise((resolve) => answers.push(resolve)))
    await expectError(one, 'TIMEOUT')

    answers[0]!('k')
    await nextTurn()
    expect([one.held.runs, one.zone.stats()]).toMatchObject([0, untouched])
  })
})

describe('A-38: a key function that answers after the client left', () => {
  it.each<[what: string, settle: (resolve: (key: string) => void, reject: (error: Error) => void) => void]>([
    ['a key', (resolve) => resolve('k')],
    ['a rejection', (_resolve, reject) => reject(new Error('boom'))],
  ])('counts nothing and passes nothing on: %s', async (_what, settle) => {
    const settles: (() => void)[] = []
    const passedOn: unknown[] = []
    const key = (): Promise<string> =>
      new Promise((resolve, reject) => settles.push(() => settle(resolve, reject)))
    const policy = limitConn({ limit: 1, key, logLevel: false })
    const server = await serve((req, res) => policy(req, res, (error) => passedOn.push(error)), {
      policies: [policy],
    })
    const clients = await Promise.all([1, 2, 3].map(() => server.get()))
    await until('the key is asked for', () => settles.length === 3)
    clients[0]!.reset()
    clients[1]!.destroy()
    await until('two have left', () => server.sockets.size === 1)

    for (const one of settles.slice(0, 2)) one()
    await nextTurn()
    expect(passedOn).toEqual([])
    expect(policy.zones[0]!.stats()).toMatchObject(untouched)

    settles[2]!()
    await until('the third is passed on', () => passedOn.length > 0)
    expect(passedOn).toHaveLength(1)
  })

  it('passes nothing on where the client left before timeoutMs', async () => {
    const passedOn: unknown[] = []
    const policy = limitConn({ limit: 1, key: noAnswer, timeoutMs: 50, logLevel: false })
    const server = await serve(
      (req, res) => policy(req, res, (error) => passedOn.push([req.socket.remotePort, error])),
      {
        policies: [policy],
      },
    )
    const left = await server.get()
    await until('it is connected', () => server.sockets.size === 1)
    const stays = await server.get()
    left.destroy()
    await until('one has left', () => server.sockets.size === 1 && left.isClosed)

    await until('the later one is passed on', () => passedOn.length > 0)
    expect(passedOn).toMatchObject([[stays.socket.localPort, { code: 'ERR_LIMIT_CONN_TIMEOUT' }]])
    expect(policy.zones[0]!.stats()).toMatchObject(untouched)
  })
})
