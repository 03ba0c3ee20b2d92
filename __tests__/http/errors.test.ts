import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import express from 'express'
import express4 from 'express4'
import { limitConn, type LimitConnOptions } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve, type Served } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const boom = (): never => {
  throw new Error('boom')
}
const reject = async (): Promise<never> => boom()
const never = (): Promise<never> => new Promise(() => undefined)

/** Every function that a user gives, made to fail; and the code that tells it. */
const failures: [name: string, options: Partial<LimitConnOptions>, code: string][] = [
  ['a key that throws', { key: boom }, 'ERR_LIMIT_CONN_FUNCTION_FAILED'],
  ['a key that rejects', { key: reject }, 'ERR_LIMIT_CONN_FUNCTION_FAILED'],
  ['N42: a key that never settles', { key: never }, 'ERR_LIMIT_CONN_TIMEOUT'],
  ['a key that is no key', { key: () => ({}) as never }, 'ERR_LIMIT_CONN_INVALID_KEY'],
  ['a limit that throws', { limit: boom }, 'ERR_LIMIT_CONN_FUNCTION_FAILED'],
  ['a limit that rejects', { limit: reject }, 'ERR_LIMIT_CONN_FUNCTION_FAILED'],
  ['a limit that never settles', { limit: never }, 'ERR_LIMIT_CONN_TIMEOUT'],
  ['a limit of -1', { limit: () => -1 }, 'ERR_LIMIT_CONN_INVALID_LIMIT'],
  ['a limit of 1.5', { limit: async () => 1.5 }, 'ERR_LIMIT_CONN_INVALID_LIMIT'],
  ['a limit of NaN', { limit: () => Number.NaN }, 'ERR_LIMIT_CONN_INVALID_LIMIT'],
  ['a limit that is text', { limit: () => '5' as never }, 'ERR_LIMIT_CONN_INVALID_LIMIT'],
  ['a skip that throws', { skip: boom }, 'ERR_LIMIT_CONN_FUNCTION_FAILED'],
  ['a skip that rejects', { skip: reject }, 'ERR_LIMIT_CONN_FUNCTION_FAILED'],
  ['a skip that never settles', { skip: never }, 'ERR_LIMIT_CONN_TIMEOUT'],
]

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
] as const)('A-15, N40: on %s', (_, host) => {
  async function start(
    options: Partial<LimitConnOptions>,
  ): Promise<{ server: Served; errors: unknown[]; held: Held }> {
    const policy = limitConn({ limit: 5, timeoutMs: 50, logLevel: false, ...options })
    const errors: unknown[] = []
    const held = new Held()
    const app = host().use(policy).use(held.handler)
    app.use((error: unknown, _req: unknown, res: express.Response, _next: unknown) => {
      errors.push(error)
      res.status(500).end()
    })
    return { server: await serve(app, { policies: [policy] }), errors, held }
  }

  it.each(failures)('%s goes to the error handling; nobody is let in, nothing is counted', async (...row) => {
    const [, options, code] = row
    const { server, errors, held } = await start(options)
    const client = await server.get()

    expect(await client.answer()).toBe(500)
    expect(errors).toEqual([expect.objectContaining({ name: 'LimitConnError', code })])
    expect(held.runs).toBe(0)
  })

  it('a logger that throws or rejects changes no decision', async () => {
    const logger = { error: boom, warn: reject }
    for (const logLevel of ['error', 'warn'] as const) {
      const { server, held } = await start({ limit: 1, logger, logLevel })
      await server.get()
      await held.arrived(1)
      expect(await (await server.get()).answer()).toBe(503)
    }
  })

  it('a trust proxy function that throws goes to the error handling', async () => {
    const policy = limitConn({ limit: 5, logLevel: false })
    const held = new Held()
    const app = host().set('trust proxy', boom).use(policy).use(held.handler)
    app.use((_error: unknown, _req: unknown, res: express.Response, _next: unknown) => res.status(500).end())
    const server = await serve(app, { policies: [policy] })

    expect(await (await server.get()).answer()).toBe(500)
    expect(held.runs).toBe(0)
  })
})

const circular: unknown[] = []
circular.push(circular)

it.each([
  ['a bigint', 1n],
  ['a circular value', circular],
  ['a value whose then throws', Object.defineProperty({}, 'then', { get: boom })],
])('a message function that answers with %s goes to the error handling', async (_, message) => {
  const policy = limitConn({ limit: 1, message: () => message, logLevel: false })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy] })
  await server.get()
  await held.arrived(1)
  const client = await server.get()

  expect(await client.answer()).toBe(500)
  expect(client.received).toContain('ERR_LIMIT_CONN_FUNCTION_FAILED')
})

it('a trust proxy function that throws at an address of the client does not keep it from its 503', async () => {
  const trust = (address: string): boolean => address === '127.0.0.1' || boom()
  const lines: string[] = []
  const policy = limitConn({ limit: 1, key: async () => 'k', logger: { error: (line) => lines.push(line) } })
  const held = new Held()
  const app = express().set('trust proxy', trust).use(policy).use(held.handler)
  const server = await serve(app, { policies: [policy] })
  await server.get()
  await held.arrived(1)

  expect(await (await server.get('/', { 'X-Forwarded-For': '9.9.9.9, garbage' })).answer()).toBe(503)
  expect(lines).toEqual([expect.stringMatching(/^limiting connections by zone "[\w-]+"$/)])
})

it('a configuration that changes while an async key is waited for is the one that counts', async () => {
  const keys: ((key: string) => void)[] = []
  const policy = limitConn({
    limit: 10,
    key: () => new Promise<string>((resolve) => keys.push(resolve)),
    logLevel: false,
  })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy] })
  const clients = await Promise.all(Array.from({ length: 5 }, () => server.get()))
  await until('all five ask', () => keys.length === 5)
  policy.setConfig({ limit: 2, key: () => 'k' })
  for (const answer of keys) answer('k')
  await until('three are refused', () => clients.filter((client) => client.statuses[0] === 503).length === 3)

  expect(held.runs).toBe(2)
  expect(policy.zones[0]!.stats()).toMatchObject({ passed: 2, rejected: 3, peak: 2 })
})

it('a request without a socket goes to the error handling', () => {
  const policy = limitConn({ limit: 1 })
  const errors: unknown[] = []
  policy({ httpVersionMajor: 1 } as never, {} as never, (error) => errors.push(error))

  expect(errors).toEqual([expect.objectContaining({ code: 'ERR_LIMIT_CONN_INVALID_SOURCE' })])
})

it('F36: an error of one limit counts nothing in the zones of the others', async () => {
  const policy = limitConn({
    limits: [{ limit: 5 }, { limit: 5, key: () => 'b' }, { limit: 5, key: reject }],
    logLevel: false,
  })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy] })

  expect(await (await server.get()).answer()).toBe(500)
  expect(policy.zones.map((zone) => zone.stats().passed)).toEqual([0, 0, 0])
})

it('what a handler throws behind an async key is an uncaught exception, as it would be without limitConn', async () => {
  const script = path.join(__dirname, '../helpers/throwing-handler.js')
  const { stdout } = await promisify(execFile)(process.execPath, [script])

  expect(JSON.parse(stdout)).toEqual(['uncaught theirs'])
})
