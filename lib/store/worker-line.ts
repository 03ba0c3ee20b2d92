import { randomUUID } from 'node:crypto'
import { within } from './deadline.ts'
import { readAnswer, writeLetter, type Answer, type Question } from './messages.ts'

/** Who waits for an answer of the primary, by the id of the question. */
const waiting = new Map<string, (answer: Answer) => void>()
/** Of this copy of the package: another one may ask as well. */
const line = randomUUID()
let asked = 0

/**
 * Asks the primary of this worker; rejects if that fails, or lasts longer than `ms`. It listens only while somebody waits: who
 * listens keeps the process alive.
 */
export async function askPrimary(question: Question, ms: number): Promise<Answer> {
  const id = `${line}:${++asked}`
  try {
    return await within(send(id, question), ms)
  } finally {
    waiting.delete(id)
    if (waiting.size === 0) process.off('message', hear)
  }
}

function send(id: string, question: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (waiting.size === 0) process.on('message', hear)
    waiting.set(id, resolve)
    // Without a callback a failure would be an `error` of the process.
    process.send!(writeLetter('question', id, question), undefined, undefined, (error) => {
      if (error) reject(error)
    })
  })
}

function hear(message: unknown): void {
  const letter = readAnswer(message)
  if (letter) waiting.get(letter.id)?.(letter.answer)
}
