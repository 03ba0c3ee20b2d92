import type { Answer, Question } from './messages.ts'
import type { Cell, CellReply, Store } from './store.ts'

/** Most keys in one message. */
const mostKeys = 200

/** The cells of a zone in the primary, which is asked by messages, in order: none comes twice, and none is lost while both live. */
export class WorkerStore implements Store {
  readonly lapses = false
  /** Never called: a primary that is lost does not come back. */
  onLost: () => void = () => undefined
  readonly #zone: string
  readonly #ask: (question: Question) => Promise<Answer>

  constructor(zone: string, ask: (question: Question) => Promise<Answer>) {
    this.#zone = zone
    this.#ask = ask
  }

  batches(keys: Iterable<string>): readonly (readonly string[])[] {
    const all = [...keys]
    const count = Math.ceil(all.length / mostKeys)
    return Array.from({ length: count }, (_, i) => all.slice(i * mostKeys, (i + 1) * mostKeys))
  }

  async write(cells: readonly Cell[]): Promise<readonly CellReply[]> {
    const replies = await this.#ask({ zone: this.#zone, what: 'write', cells })
    if (typeof replies === 'number' || !isComplete(replies, cells))
      throw new Error('the reply is not complete')
    return replies
  }

  async beat(): Promise<number> {
    const instances = await this.#ask({ zone: this.#zone, what: 'beat' })
    if (typeof instances !== 'number') throw new Error('the reply is no number')
    return instances
  }

  async leave(): Promise<void> {
    await this.#ask({ zone: this.#zone, what: 'leave' })
  }
}

function isComplete(replies: readonly CellReply[], cells: readonly Cell[]): boolean {
  if (replies.length !== cells.length) return false
  return cells.every(({ wishes }, i) => replies[i]!.isOver.length === wishes.length)
}
