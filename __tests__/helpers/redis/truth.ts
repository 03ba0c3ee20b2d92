import { readFileSync } from 'node:fs'

interface Change {
  readonly atMs: number
  readonly key: number
  readonly change: number
}

/** What each process has written down, in files that outlive it. */
export interface Witness {
  readonly log: string
  /** When it was killed, and its connections with it. */
  readonly killedAtMs: number | undefined
}

const recordLength = 16

/**
 * How many connections were open under a key at any time, over all processes: not by what they believe, but by what they had
 * let in and had not closed. Times are those of the monotonic clock of the machine.
 */
export class Truth {
  readonly #changes: readonly Change[]

  constructor(witnesses: readonly Witness[], key = 0) {
    const all = witnesses.flatMap((witness) => changesOf(witness).filter((change) => change.key === key))
    this.#changes = all.toSorted((one, other) => one.atMs - other.atMs || one.change - other.change)
  }

  /** How many are open at the end of the record, or were at a time. */
  at(atMs = Infinity): number {
    return this.#changes.reduce((sum, { change, atMs: when }) => (when <= atMs ? sum + change : sum), 0)
  }

  /** The most that were open at one time. */
  most({ fromMs = 0, toMs = Infinity } = {}): number {
    let open = 0
    let most = this.at(fromMs)
    for (const { atMs, change } of this.#changes) {
      open += change
      if (atMs >= fromMs && atMs <= toMs && open > most) most = open
    }
    return most
  }

  /** How many were let in. */
  opened({ fromMs = 0, toMs = Infinity } = {}): number {
    return this.#changes.filter(({ change, atMs }) => change > 0 && atMs >= fromMs && atMs <= toMs).length
  }

  /** When one was let in last. */
  lastOpenedMs(): number {
    return this.#changes.findLast(({ change }) => change > 0)?.atMs ?? 0
  }
}

/** The same clock as in the records. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

function changesOf({ log, killedAtMs }: Witness): readonly Change[] {
  const bytes = readFileSync(log)
  const count = Math.floor(bytes.length / recordLength)
  const changes = Array.from({ length: count }, (_, n) => readChange(bytes, n * recordLength))
  return killedAtMs === undefined ? changes : [...changes, ...endsAt(killedAtMs, changes)]
}

function readChange(bytes: Buffer, at: number): Change {
  const atMs = Number(bytes.readBigInt64LE(at)) / 1e6
  return { atMs, change: bytes.readInt32LE(at + 8), key: bytes.readInt32LE(at + 12) }
}

/** The kernel closes what a killed process had open. */
function endsAt(atMs: number, changes: readonly Change[]): readonly Change[] {
  const open = new Map<number, number>()
  for (const { key, change } of changes) open.set(key, (open.get(key) ?? 0) + change)
  return Array.from(open, ([key, count]) => ({ atMs, key, change: -count }))
}
