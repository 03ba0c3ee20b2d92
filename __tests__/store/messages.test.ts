import { describe, expect, it } from '@jest/globals'
import { readAnswer, readQuestion, writeLetter } from '../../lib/store/messages.ts'
import { Primary } from '../../lib/store/primary.ts'
import type { Cell } from '../../lib/store/store.ts'

const asQuestion = (body: unknown): object => ({ 'limit-conn': { kind: 'question', id: 'x', body } })
const asWrite = (cell: unknown): object => asQuestion({ zone: 'z', what: 'write', cells: [cell] })

describe('the primary reads no question in', () => {
  it.each([
    [null],
    [1],
    ['question'],
    [{}],
    [{ 'limit-conn': null }],
    [{ 'limit-conn': { kind: 'question', id: 1, body: { zone: 'z', what: 'beat' } } }],
    [{ 'limit-conn': { kind: 'answer', id: 'x', body: { zone: 'z', what: 'beat' } } }],
    [asQuestion(null)],
    [asQuestion({ zone: 1, what: 'beat' })],
    [asQuestion({ zone: 'z', what: 'other' })],
    [asQuestion({ zone: 'z', what: 'write' })],
    [asWrite(null)],
    [asWrite({ key: 1, count: 1, wishes: [] })],
    [asWrite({ key: 'k', count: -5, wishes: [] })],
    [asWrite({ key: 'k', count: 1.5, wishes: [] })],
    [asWrite({ key: 'k', count: 2 ** 53, wishes: [] })],
    [asWrite({ key: 'k', count: '1', wishes: [] })],
    [asWrite({ key: 'k', count: 1 })],
    [asWrite({ key: 'k', count: 1, wishes: [null] })],
    [asWrite({ key: 'k', count: 1, wishes: [{ kind: 'give', max: 1 }] })],
    [asWrite({ key: 'k', count: 1, wishes: [{ kind: 'take', max: -1 }] })],
    [asWrite({ key: 'k', count: 1, wishes: [{ kind: 'take', max: '1' }] })],
  ])('%j', (message) => {
    expect(readQuestion(message)).toBeUndefined()
  })
})

it.each([
  [{ zone: 'z', what: 'beat' }],
  [
    {
      zone: 'z',
      what: 'write',
      cells: [{ key: 'k', count: 2, wishes: [{ key: 'k', kind: 'look', max: Infinity }] }],
    },
  ],
] as const)('a question is read as it was written, though JSON has no Infinity: %j', (question) => {
  const sent: unknown = JSON.parse(JSON.stringify(writeLetter('question', 'id', question)))
  expect(readQuestion(sent)).toEqual({ id: 'id', question })
})

it.each([[null], [-1], ['1'], [[null]], [[{ others: -1, isOver: [] }]], [[{ others: 1, isOver: [1] }]]])(
  'a worker reads no answer in %j',
  (body) => {
    expect(readAnswer({ 'limit-conn': { kind: 'answer', id: 'x', body } })).toBeUndefined()
  },
)

describe('Primary', () => {
  const [one, two] = [{}, {}]
  const wish = (kind: 'take' | 'force' | 'look', max: number): Cell['wishes'][number] => ({
    key: 'k',
    kind,
    max,
  })
  const write = (primary: Primary, member: object, cell: Omit<Cell, 'key'>): unknown =>
    primary.answer(member, { zone: 'z', what: 'write', cells: [{ key: 'k', ...cell }] })

  it('answers wishes in order: what was taken is counted for the next', () => {
    const primary = new Primary()
    const wishes = [
      wish('take', 2),
      wish('take', 2),
      wish('take', 2),
      wish('force', 2),
      wish('look', 3),
      wish('look', 2),
    ]
    expect(write(primary, one, { count: 0, wishes })).toEqual([
      { others: 0, isOver: [false, false, true, true, false, true] },
    ])
    expect(write(primary, two, { count: 0, wishes: [wish('take', 3)] })).toEqual([
      { others: 3, isOver: [true] },
    ])
  })

  it('keeps the last absolute count of each, and forgets who left, in its zone or in all', () => {
    const primary = new Primary()
    write(primary, one, { count: 5, wishes: [] })
    write(primary, one, { count: 2, wishes: [] })
    expect(write(primary, two, { count: 1, wishes: [] })).toEqual([{ others: 2, isOver: [] }])
    expect(primary.answer(one, { zone: 'z', what: 'beat' })).toBe(2)
    expect(primary.answer(one, { zone: 'other', what: 'beat' })).toBe(1)

    expect(primary.answer(one, { zone: 'z', what: 'leave' })).toBe(1)
    expect(write(primary, two, { count: 1, wishes: [] })).toEqual([{ others: 0, isOver: [] }])
    primary.forget(two)
    expect(write(primary, one, { count: 0, wishes: [] })).toEqual([{ others: 0, isOver: [] }])
    expect(primary.answer(one, { zone: 'z', what: 'beat' })).toBe(1)
  })
})
