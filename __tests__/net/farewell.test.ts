import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { lingerMs } from '../../lib/core/carrier.ts'
import { guarded } from '../helpers/guarded.ts'
import { nextTurn, until } from '../helpers/until.ts'

describe('a last word that fails', () => {
  const unhandled: unknown[] = []
  const listen = (reason: unknown): void => void unhandled.push(reason)
  beforeEach(() => void process.on('unhandledRejection', listen))
  afterEach(() => void process.off('unhandledRejection', listen))

  it.each([
    [
      'throws',
      () => {
        throw new Error('boom')
      },
    ],
    ['rejects', async () => Promise.reject(new Error('boom'))],
  ])('A-15: an onEvict that %s ends nothing but the connection that it was for', async (_how, onEvict) => {
    const lines: string[] = []
    const logger = { error: (line: string) => lines.push(line) }
    const options = { limit: 1, onLimit: 'evict-oldest', onEvict, logger, logLevel: 'error' } as const
    const { zone, connect } = await guarded('net', options)
    const older = await connect()
    await until('it is counted', () => zone.count('127.0.0.1') === 1)

    const newer = await connect()
    await older.closed()
    await nextTurn()
    expect(unhandled).toEqual([])
    expect(lines).toContain('ERR_LIMIT_CONN_FUNCTION_FAILED: options.onEvict failed: boom')
    expect(newer.isClosed).toBe(false)
    expect(zone.stats()).toMatchObject({ passed: 2, evicted: 1, active: 1 })
  })
})

it.each([
  ['net', true],
  ['http', false],
] as const)('on a server of %s it is given a moment for a last word: %p', async (kind, isGiven) => {
  const told: string[] = []
  const { zone, connect } = await guarded(kind, {
    limit: 1,
    onLimit: 'evict-oldest',
    onEvict: (_, cause) => told.push(cause),
  })
  const older = await connect()
  await until('it is counted', () => zone.count('127.0.0.1') === 1)

  await connect()
  await until('it was told', () => told.length === 1)
  const startMs = performance.now()
  await older.closed()
  expect(performance.now() - startMs > lingerMs / 2).toBe(isGiven)
  expect(told).toEqual(['evicted'])
})
