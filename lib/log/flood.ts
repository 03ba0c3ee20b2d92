import type { Hit } from '../core/decision.ts'
import { hitLine } from './line.ts'

/** Writes one line. */
export type Write = (line: string) => void

const windowMs = 10_000
const mostEntries = 1_024
/** Lines written at one time: the first hits of one second, or the summaries of one window. */
const mostLines = 10

interface Entry {
  readonly hit: Hit
  suppressed: number
}

/**
 * Flood control: the first hit of a zone, key and kind is written whole; what follows within 10 seconds is counted and
 * summed up at their end. At most ten first hits a second are written, and ten summaries: the rest share one line.
 */
export class Flood {
  readonly #write: Write
  readonly #entries = new Map<string, Entry>()
  #unlisted = 0
  #written = 0
  #second = 0
  #timer: NodeJS.Timeout | undefined

  constructor(write: Write) {
    this.#write = write
  }

  /** Writes a hit, or counts it. The context is only made for a line that is written. */
  hit(hit: Hit, context: () => string): void {
    this.#timer ??= setTimeout(() => this.flush(), windowMs).unref()
    const id = `${hit.kind} ${hit.zone.name} ${hit.key}`
    const known = this.#entries.get(id)

    if (known) known.suppressed++
    else if (this.#entries.size >= mostEntries) this.#unlisted++
    else this.#first(id, hit, context)
  }

  /** Ends the window: writes the summaries and forgets all hits. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const suppressed = [...this.#entries.values()].filter((entry) => entry.suppressed > 0)
    const loudest = suppressed.toSorted((a, b) => b.suppressed - a.suppressed)
    const rest = loudest.slice(mostLines).reduce((sum, entry) => sum + entry.suppressed, this.#unlisted)

    this.#entries.clear()
    this.#unlisted = 0
    for (const entry of loudest.slice(0, mostLines)) {
      this.#write(`${hitLine(entry.hit)}, ${entry.suppressed} more in ${windowMs / 1_000} s`)
    }
    if (rest > 0) this.#write(`limiting connections, ${rest} more of other keys in ${windowMs / 1_000} s`)
  }

  #first(id: string, hit: Hit, context: () => string): void {
    const isWritten = this.#mayWrite()
    this.#entries.set(id, { hit, suppressed: isWritten ? 0 : 1 })
    if (isWritten) this.#write(hitLine(hit) + context())
  }

  #mayWrite(): boolean {
    const second = Math.floor(performance.now() / 1_000)
    if (second !== this.#second) [this.#second, this.#written] = [second, 0]
    return ++this.#written <= mostLines
  }
}
