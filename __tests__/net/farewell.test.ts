import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
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
    const { zone, connect } = await guarded('net', { limit: 1, onLimit: 'evict-oldest', onEvict })
    const older = await connect()
    await until('it is counted', () => zone.count('127.0.0.1') === 1)

    const newer = await connect()
    await older.closed()
    await nextTurn()
    expect(unhandled).toEqual([])
    expect(newer.isClosed).toBe(false)
    expect(zone.stats()).toMatchObject({ passed: 2, evicted: 1, active: 1 })
  })
})
