import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { closeAfter, lingerMs, SourceCarrier } from '../../lib/core/carrier.ts'

const most = 1_024

beforeEach(() => {
  jest.useFakeTimers()
})

afterEach(() => {
  jest.useRealTimers()
})

/** Is told goodbye, and may stay for a moment. */
function leave(
  over: { destroyed?: boolean; mayLinger?: boolean } = {},
  farewell = () => undefined as unknown,
) {
  const source = Object.assign(new EventEmitter(), { destroyed: over.destroyed ?? false })
  const close = jest.fn()
  closeAfter({ source, farewell, mayLinger: over.mayLinger ?? true, close })
  return { source, close }
}

const crowd = () => Array.from({ length: most }, () => leave())
const closedOf = (leaving: readonly ReturnType<typeof leave>[]): number =>
  leaving.reduce((sum, { close }) => sum + close.mock.calls.length, 0)

describe('whoever is told goodbye', () => {
  it('stays for a moment, with 1,023 others at most: who closes makes room for one', () => {
    for (let round = 0; round < 2; round++) {
      const open = crowd()
      expect([closedOf(open), closedOf([leave()])]).toEqual([0, 1])

      const [first] = open
      for (let i = 0; i < 2; i++) first!.source.emit('close')
      const next = leave()
      expect([closedOf([next]), closedOf([leave()])]).toEqual([0, 1])

      jest.advanceTimersByTime(lingerMs)
      expect([closedOf(open), closedOf([first!]), closedOf([next])]).toEqual([most - 1, 0, 1])
      for (const { source } of [...open, next]) source.emit('close')
      expect([closedOf(open), jest.getTimerCount()]).toEqual([most - 1, 0])
    }
  })

  it.each([
    ['may not stay', leave.bind(undefined, { mayLinger: false })],
    ['is destroyed by now', leave.bind(undefined, { destroyed: true })],
    [
      'was to be told by what throws',
      leave.bind(undefined, {}, () => {
        throw new Error('boom')
      }),
    ],
  ])('is closed at once where it %s', (_, begin) => {
    expect([closedOf([begin()]), jest.getTimerCount()]).toEqual([1, 0])
  })
})

describe('a source', () => {
  it('is gone when it was destroyed, told or not', () => {
    const source = { ...new EventEmitter(), destroyed: false } as EventEmitter & { destroyed: boolean }
    const carrier = new SourceCarrier(source)
    expect(carrier.pulse()).toBe('open')
    source.destroyed = true
    expect(carrier.pulse()).toBe('gone')
  })

  it('that has no destroy, or throws where it is asked for it, cannot be closed', () => {
    const throwing = Object.defineProperty(new EventEmitter(), 'destroy', {
      get() {
        throw new Error('boom')
      },
    })
    const able = Object.assign(new EventEmitter(), { destroy: () => undefined })
    const carriers = [new EventEmitter(), throwing, able].map((source) => new SourceCarrier(source))
    expect(carriers.map(({ isStuck, isOwn }) => [isStuck, isOwn])).toEqual([
      [true, false],
      [true, false],
      [false, true],
    ])
  })
})
