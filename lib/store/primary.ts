import type { Answer, Question } from './messages.ts'
import type { Cell, CellReply } from './store.ts'

/** What is counted in the zones of one name. A key with no slots is in no map. */
interface Table {
  /** The slots of each process that has the zone, by key. */
  readonly members: Map<object, Map<string, number>>
  /** Those of all. */
  readonly totals: Map<string, number>
}

/** The cells of all processes of a cluster, in its primary. Each process writes its own, and none lapses. */
export class Primary {
  readonly #tables = new Map<string, Table>()

  /** Answers a question of a process; never throws. */
  answer(member: object, question: Question): Answer {
    const { zone } = question
    if (question.what === 'leave') return this.#leave(zone, member)

    const table = this.#tables.get(zone) ?? { members: new Map(), totals: new Map() }
    this.#tables.set(zone, table)
    const own = table.members.get(member) ?? new Map<string, number>()
    table.members.set(member, own)
    if (question.what !== 'write') return table.members.size
    return question.cells.map((cell) => write(table, own, cell))
  }

  /** A process is there no more: gives back at once what it held. */
  forget(member: object): void {
    for (const zone of this.#tables.keys()) this.#leave(zone, member)
  }

  #leave(zone: string, member: object): number {
    const table = this.#tables.get(zone)
    const own = table?.members.get(member)
    if (!table || !own) return table?.members.size ?? 0

    for (const key of own.keys()) put(table, own, { key, count: 0 })
    table.members.delete(member)
    if (table.members.size === 0) this.#tables.delete(zone)
    return table.members.size
  }
}

function write(table: Table, own: Map<string, number>, { key, count, wishes }: Cell): CellReply {
  const others = (table.totals.get(key) ?? 0) - (own.get(key) ?? 0)
  let written = count
  const isOver = wishes.map(({ kind, max }) => {
    const isFull = written + others + (kind === 'look' ? 0 : 1) > max
    if (kind === 'force' || (kind === 'take' && !isFull)) written++
    return isFull
  })
  put(table, own, { key, count: written })
  return { others, isOver }
}

function put({ totals }: Table, own: Map<string, number>, { key, count }: Pick<Cell, 'key' | 'count'>): void {
  const total = (totals.get(key) ?? 0) - (own.get(key) ?? 0) + count
  set(own, key, count)
  set(totals, key, total)
}

function set(counts: Map<string, number>, key: string, count: number): void {
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
}
