import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { methodFor, write, type Level, type Logger } from '../../lib/log/logger.ts'
import { nextTurn } from '../helpers/until.ts'

const levels: readonly Level[] = ['info', 'notice', 'warn', 'error']

/** A logger that needs its `this`, with some of the methods. */
class Recorder {
  readonly lines: string[] = []

  constructor(...names: readonly Level[]) {
    for (const name of names) Object.assign(this, { [name]: record })
  }
}

function record(this: Recorder, line: string): void {
  this.lines.push(line)
}

function refuse(): never {
  throw new Error('not to be called')
}

/** A logger that fails in every method. */
function failing(fail: () => unknown): Logger {
  return { info: fail, notice: fail, warn: fail, error: fail }
}

describe('write', () => {
  const unheard: unknown[] = []
  const listen = (reason: unknown): void => void unheard.push(reason)
  beforeEach(() => void process.on('unhandledRejection', listen))
  afterEach(() => void process.off('unhandledRejection', listen))

  it.each(levels)('calls the function of the level %s, with its logger as this', (level) => {
    const recorder = new Recorder(level)
    write(recorder as Logger, level, { line: 'a line' })
    expect(recorder.lines).toEqual(['a line'])
  })

  it('falls back to info for notice, and prefers notice', () => {
    const [without, both] = [new Recorder('info'), new Recorder('notice')]
    write(without as Logger, 'notice', { line: 'a line' })
    write(Object.assign(both, { info: refuse }), 'notice', { line: 'a line' })
    expect([without.lines, both.lines]).toEqual([['a line'], ['a line']])
  })

  it.each(levels)('lets a logger that throws at %s change nothing', (level) => {
    const calls: unknown[] = []
    const logger = failing(() => {
      calls.push(level)
      throw new Error('disk full')
    })
    expect(() => write(logger, level, { line: 'a line' })).not.toThrow()
    expect(calls).toEqual([level])
  })

  it('lets a logger that rejects change nothing', async () => {
    write(
      failing(() => Promise.reject(new Error('disk full'))),
      'error',
      { line: 'a line' },
    )
    write(
      failing(async () => Promise.reject(new Error('disk full'))),
      'warn',
      { line: 'a line' },
    )
    await nextTurn()
    await nextTurn()
    expect(unheard).toEqual([])
  })

  it('writes nothing where there is no function any more', () => {
    expect(() => write({}, 'error', { line: 'a line' })).not.toThrow()
    expect(() => write(undefined as unknown as Logger, 'error', { line: 'a line' })).not.toThrow()
  })
})

describe('methodFor', () => {
  it.each<[string, unknown, Level, boolean]>([
    ['console', console, 'warn', true],
    ['console', console, 'notice', true],
    ['a logger without the level', { info: (): void => undefined }, 'error', false],
    ['a logger without notice and info', { warn: (): void => undefined }, 'notice', false],
    ['something with a text', { error: 'no function' }, 'error', false],
    ['a text', 'console', 'error', false],
    ['nothing', undefined, 'error', false],
    ['null', null, 'error', false],
  ])('of %s', (...[, logger, level, isThere]) => {
    expect(typeof methodFor(logger, level)).toBe(isThere ? 'function' : 'undefined')
  })
})
