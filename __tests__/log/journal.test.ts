import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import winston from 'winston'
import type { Hit } from '../../lib/core/decision.ts'
import { LimitConnError, Zone } from '../../lib/index.ts'
import { makeJournal, type Journal, type JournalSettings } from '../../lib/log/journal.ts'

const zone = new Zone({ name: 'z' })
const rejected: Hit = { zone, kind: 'rejected', key: 't:a', limit: 1 }
const failed = new LimitConnError('ERR_LIMIT_CONN_FUNCTION_FAILED', 'key failed')

let lines: string[] = []
let settings: JournalSettings
let journal: Journal<object>

/** A source is what is known of it. */
const contextOf = (source: object): object => ({ client: 'nobody', ...source })

beforeEach(() => {
  jest.useFakeTimers()
  lines = []
  const logger = { error: (line: string) => lines.push(line) }
  settings = { logger, logLevel: 'error', limits: [{ zone }] }
  journal = makeJournal(() => settings, contextOf)
})

afterEach(() => {
  jest.clearAllTimers()
  jest.useRealTimers()
})

describe('a journal', () => {
  it.each<[string, () => void]>([
    ['refusals', () => journal.hits([rejected], {})],
    ['errors', () => journal.error(failed, {})],
    ['news', () => journal.news('is back')],
  ])('counts no %s that come while nothing is logged', (_, tell) => {
    settings = { ...settings, logLevel: false }
    for (let n = 0; n < 3; n++) tell()
    expect(jest.getTimerCount()).toBe(0)

    settings = { ...settings, logLevel: 'error' }
    tell()
    jest.advanceTimersByTime(10_000)
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toContain('more')
  })

  it('tells nothing of those who pass', () => {
    journal.hits([{ ...rejected, kind: 'passed' }, rejected], {})
    expect(lines).toEqual(['limiting connections by zone "z", client: nobody'])
  })

  it('writes the line alone, where what is known of a client cannot be read', () => {
    const source = {
      get host(): string {
        throw new Error('no')
      },
    }
    journal.hits([rejected], source)
    journal.error(failed, source)
    expect(lines).toEqual(['limiting connections by zone "z"', 'ERR_LIMIT_CONN_FUNCTION_FAILED: key failed'])
  })

  it('says of no client what none has done', () => {
    journal.error(failed)
    journal.news(new LimitConnError('ERR_LIMIT_CONN_STORE', 'away'))
    journal.news('is back')
    journal.news('is back')
    jest.advanceTimersByTime(10_000)
    expect(lines).toEqual([
      'ERR_LIMIT_CONN_FUNCTION_FAILED: key failed',
      'ERR_LIMIT_CONN_STORE: away',
      'is back',
      'is back, 1 more in 10 s',
    ])
  })

  it('gives a logger no field without a value', () => {
    const names: string[][] = []
    const note = winston.format((info) => {
      names.push(Object.keys(info).toSorted())
      return false
    })
    const stream = new Writable({ write: (_chunk, _encoding, done) => done() })
    const logger = winston.createLogger({
      format: note(),
      transports: [new winston.transports.Stream({ stream })],
    })
    settings = { ...settings, logger }
    for (let n = 0; n < 2; n++) journal.hits([rejected], {})
    jest.advanceTimersByTime(10_000)
    const ofHit = ['key', 'kind', 'level', 'limit', 'message', 'zone']
    expect(names).toEqual([['client', ...ofHit], [...ofHit, 'suppressed'].toSorted()])
  })
})
