import type { Wish } from '../core/share.ts'
import type { Cell, CellReply } from './store.ts'

/** What a process asks of the primary, about the zone of a name. */
export type Question =
  | { readonly zone: string; readonly what: 'write'; readonly cells: readonly Cell[] }
  | { readonly zone: string; readonly what: 'beat' | 'leave' }

/** To `write` one reply for each cell; else with how many processes have the zone. */
export type Answer = readonly CellReply[] | number

/** What a message of ours carries. Its id says which question it asks, or answers. */
interface Letter {
  readonly kind: 'question' | 'answer'
  readonly id: string
  readonly body: unknown
}

/** A message of ours: all under one name, so that whoever looks for names of their own in all messages finds none. */
interface Envelope {
  readonly 'limit-conn': Letter
}

const kinds: readonly unknown[] = ['take', 'force', 'look'] satisfies readonly Wish['kind'][]

export function writeLetter(kind: Letter['kind'], id: string, body: Question | Answer): Envelope {
  return { 'limit-conn': { kind, id, body } }
}

/** The question in a message, or undefined: it is somebody else's, or garbage. */
export function readQuestion(message: unknown): { id: string; question: Question } | undefined {
  const letter = readLetter(message, 'question')
  if (!letter || !isRecord(letter.body)) return undefined
  const { id, body } = letter
  const { zone, what } = body
  if (typeof zone !== 'string') return undefined
  if (what === 'beat' || what === 'leave') return { id, question: { zone, what } }

  const cells = what === 'write' ? readAll(body['cells'], readCell) : undefined
  return cells && { id, question: { zone, what: 'write', cells } }
}

/** The answer in a message, or undefined: it is somebody else's, or garbage. */
export function readAnswer(message: unknown): { id: string; answer: Answer } | undefined {
  const letter = readLetter(message, 'answer')
  if (!letter) return undefined
  const { id, body } = letter
  const answer = isCount(body) ? body : readAll(body, readReply)
  return answer === undefined ? undefined : { id, answer }
}

function readLetter(message: unknown, kind: Letter['kind']): Pick<Letter, 'id' | 'body'> | undefined {
  const letter = isRecord(message) ? message['limit-conn'] : undefined
  if (!isRecord(letter) || letter['kind'] !== kind) return undefined
  const { id, body } = letter
  return typeof id === 'string' ? { id, body } : undefined
}

function readCell(value: unknown): Cell | undefined {
  if (!isRecord(value)) return undefined
  const { key, count } = value
  if (typeof key !== 'string' || !isCount(count)) return undefined
  const wishes = readAll(value['wishes'], (wish) => readWish(wish, key))
  return wishes && { key, count, wishes }
}

function readWish(value: unknown, key: string): Wish | undefined {
  if (!isRecord(value) || !kinds.includes(value['kind'])) return undefined
  // JSON writes Infinity as null.
  const max = value['max'] ?? Infinity
  return max === Infinity || isCount(max) ? { key, kind: value['kind'] as Wish['kind'], max } : undefined
}

function readReply(value: unknown): CellReply | undefined {
  if (!isRecord(value) || !isCount(value['others'])) return undefined
  const isOver = readAll(value['isOver'], (one) => (typeof one === 'boolean' ? one : undefined))
  return isOver && { others: value['others'], isOver }
}

/** All of a list, or undefined if it is none or one of them cannot be read. */
function readAll<T>(list: unknown, read: (value: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(list)) return undefined
  const found = list.map(read)
  return found.every((one) => one !== undefined) ? found : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
