import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Hit } from '../../lib/core/decision.ts'
import { Zone } from '../../lib/index.ts'
import { Flood } from '../../lib/log/flood.ts'
import { hitLine, type Context } from '../../lib/log/line.ts'

const zone = new Zone({ name: 'z' })
const other = new Zone({ name: 'other' })
const line = 'limiting connections by zone "z"'

let lines: string[] = []
let flood: Flood
let contexts = 0

function hit(key: string, over: Partial<Hit> = {}): void {
  const context = (): Context => {
    contexts++
    return { client: key }
  }
  const told: Hit = { zone, kind: 'rejected', key, limit: 1, ...over }
  flood.tell(told.zone, { key, kind: told.kind, text: () => hitLine(told) }, context)
}

/** The lines that were written since the last look. */
function written(): string[] {
  return lines.splice(0)
}

beforeEach(() => {
  jest.useFakeTimers()
  contexts = 0
  lines = []
  flood = new Flood((text) => lines.push(text))
})

afterEach(() => {
  jest.clearAllTimers()
  jest.useRealTimers()
})

describe('Flood', () => {
  it('writes the first hit whole, at once', () => {
    hit('a')
    expect(written()).toEqual([`${line}, client: a`])
  })

  it('sums up what follows within 10 seconds, and tells the number', () => {
    for (let i = 0; i < 813; i++) hit('a')
    expect(written()).toEqual([`${line}, client: a`])
    jest.advanceTimersByTime(9_999)
    expect(written()).toEqual([])
    jest.advanceTimersByTime(1)
    expect(written()).toEqual([`${line}, 812 more in 10 s`])
  })

  it('writes no summary where nothing followed, and starts again with the next hit', () => {
    hit('a')
    jest.advanceTimersByTime(10_000)
    expect(written()).toEqual([`${line}, client: a`])
    expect(jest.getTimerCount()).toBe(0)

    jest.advanceTimersByTime(60_000)
    hit('a')
    hit('a')
    jest.advanceTimersByTime(10_000)
    expect(written()).toEqual([`${line}, client: a`, `${line}, 1 more in 10 s`])
  })

  it('tells zones, keys and kinds apart', () => {
    const kinds = [{}, { zone: other }, { kind: 'dry run' }, { kind: 'exhausted' }] as const
    for (const over of [...kinds, ...kinds]) hit('a', over)
    hit('b')
    const texts = [
      line,
      'limiting connections by zone "other"',
      'limiting connections, dry run, by zone "z"',
      'no room for a new key in limit_conn_zone "z"',
    ]
    expect(written()).toEqual([...texts.map((text) => `${text}, client: a`), `${line}, client: b`])
    jest.advanceTimersByTime(10_000)
    expect(written()).toEqual(texts.map((text) => `${text}, 1 more in 10 s`))
  })

  it('makes the context only for a line that is written', () => {
    for (let i = 0; i < 1_000; i++) hit(`key ${i % 20}`)
    expect([contexts, written().length]).toEqual([8, 8])
  })

  it('never shows a key of its own accord', () => {
    for (let i = 0; i < 3_000; i++)
      flood.tell(zone, { key: `secret ${i % 1_500}`, kind: 'rejected', text: () => line }, () => ({}))
    jest.advanceTimersByTime(10_000)
    expect(written().join('\n')).not.toContain('secret')
  })

  it('remembers at most 1,024 keys, and counts every hit in one line or another', () => {
    for (let i = 0; i < 10_000; i++) hit(`key ${i}`)
    const first = written()
    jest.advanceTimersByTime(10_000)
    const summaries = written()

    const counted = summaries.map((text) => Number(/(?:^|, )(\d+) more/.exec(text)?.[1]))
    expect(first.length + counted.reduce((sum, n) => sum + n, 0)).toBe(10_000)
    expect(summaries.at(-1)).toMatch(/^\d+ more of other keys, or of other errors, in 10 s$/)
    expect(first.length).toBe(8)
    expect(summaries.length).toBeLessThanOrEqual(10)
  })

  it('adds up the hits of the keys beyond 1,024 without telling them apart', () => {
    for (let i = 0; i < 1_025; i++) hit(`key ${i}`)
    for (let i = 0; i < 500; i++) hit('key 1024')
    for (let i = 0; i < 400; i++) hit('key 1023')
    written()
    jest.advanceTimersByTime(10_000)
    const summaries = written()
    expect(summaries[0]).toBe(`${line}, 401 more in 10 s`)
    expect(summaries.at(-1)).toBe('1508 more of other keys, or of other errors, in 10 s')
  })

  it('A-19: writes at most ten lines in any second under 10,000 hits with distinct keys a second', () => {
    const perSecond = new Map<number, number>()
    flood = new Flood(() => {
      const second = Math.floor(performance.now() / 1_000)
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
    })
    for (let tick = 0; tick < 2_500; tick++) {
      for (let i = 0; i < 100; i++) hit(`key ${tick} ${i}`)
      jest.advanceTimersByTime(10)
    }
    expect(perSecond.size).toBeGreaterThanOrEqual(3)
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(10)
  })

  it('has room for the loudest and for the rest at the end of a window, whatever was written in that second', () => {
    jest.advanceTimersByTime(500)
    for (const key of ['a', 'a', 'b', 'b', 'b']) hit(key)
    jest.advanceTimersByTime(9_600)
    for (let i = 0; i < 10; i++) hit(`key ${i}`)
    expect(written()).toHaveLength(2 + 8)

    jest.advanceTimersByTime(400)
    expect(written()).toEqual([
      `${line}, 2 more in 10 s`,
      '3 more of other keys, or of other errors, in 10 s',
    ])
    expect(jest.getTimerCount()).toBe(0)
  })

  it.each([9, 10, 12, 20, 50, 100])(
    'writes of the loudest in each window, whole and in sum, beside %d new keys a second',
    (perSecond) => {
      const perSecondWritten = new Map<number, number>()
      flood = new Flood((text) => {
        lines.push(text)
        const second = Math.floor(performance.now() / 1_000)
        perSecondWritten.set(second, (perSecondWritten.get(second) ?? 0) + 1)
      })
      jest.advanceTimersByTime(500)
      for (let ms = 0; ms < 59_990; ms += 10) {
        if (ms % (1_000 / perSecond) < 10) hit(`key ${ms}`)
        if (ms > 1_000) hit('loud')
        jest.advanceTimersByTime(10)
      }
      const all = written()
      expect(all.filter((text) => text === `${line}, client: loud`)).toHaveLength(6)
      expect(all.filter((text) => / \d{3} more in 10 s$/.test(text))).toHaveLength(5)
      expect(Math.max(...perSecondWritten.values())).toBeLessThanOrEqual(10)
    },
  )

  it('tells zones of one name apart', () => {
    hit('a')
    hit('a', { zone: new Zone({ name: 'z' }) })
    expect(written()).toEqual([`${line}, client: a`, `${line}, client: a`])
  })

  it('keeps no process alive', () => {
    jest.useRealTimers()
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    new Flood(() => undefined).tell(zone, { key: 'a', kind: 'rejected', text: () => line }, () => ({}))
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before)
  })
})
