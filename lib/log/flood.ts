import type { Hit } from '../core/decision.ts'
import type { LimitConnError } from '../errors.ts'
import { contextLine, type Context } from './line.ts'

/** What a line tells of. */
export interface Told {
  readonly about?: Hit | LimitConnError | undefined
  readonly context?: Context
  /** How often the same was not told: the line sums it up. */
  readonly suppressed?: number
}

/** Writes one line. */
export type Write = (line: string, told: Told) => void

const windowMs = 10_000
const window = `${windowMs / 1_000} s`
const mostEntries = 1_024
/** Most lines in one second, first hits and summaries together. */
const mostLines = 10
/** Those of them that first hits may take: a window that ends in the same second has room for its summaries. */
const mostFirst = 8

/** What is told: of a key, and of what kind. Told again with the same of both, by the same teller, it is only counted. */
export interface News {
  readonly key: string
  readonly kind: string
  /** Makes the line: only for one that is written. */
  readonly text: () => string
  /** Where the text comes from. */
  readonly about?: Hit | LimitConnError
}

interface Entry {
  readonly teller: object
  readonly news: News
  /** It was written in this window. */
  isWritten: boolean
  suppressed: number
}

/**
 * Flood control: of a zone, key and kind one line is written whole in 10 seconds, the first for which there is room; all else
 * is counted, and summed up at their end. At most ten lines are written in a second of the process's clock: of the first 1,024 keys
 * what comes most often finds room first, and what finds none shares one line.
 */
export class Flood {
  readonly #write: Write
  /** By key: the few that it has of each teller and kind. */
  readonly #entries = new Map<string, Entry[]>()
  #size = 0
  #unlisted = 0
  #written = 0
  #second = 0
  #isCounting = false

  constructor(write: Write) {
    this.#write = write
  }

  /** Writes news of a teller, such as a zone, or counts them. The context is only made for a line that is written. */
  tell(teller: object, news: News, context: () => Context): void {
    if (!this.#isCounting) setTimeout(() => this.#flush(), windowMs).unref()
    this.#isCounting = true
    const entry = this.#entryOf(teller, news)
    if (!entry) this.#unlisted++
    else if (entry.isWritten || !this.#mayWrite(mostFirst)) entry.suppressed++
    else {
      entry.isWritten = true
      const told = context()
      this.#write(news.text() + contextLine(told), { about: news.about, context: told })
    }
  }

  /** Undefined where there is no room for one more. */
  #entryOf(teller: object, news: News): Entry | undefined {
    const known = this.#entries.get(news.key)
    const entry = known?.find((each) => each.teller === teller && each.news.kind === news.kind)
    if (entry || this.#size >= mostEntries) return entry

    const made = { teller, news, isWritten: false, suppressed: 0 }
    if (known) known.push(made)
    else this.#entries.set(news.key, [made])
    this.#size++
    return made
  }

  /** Ends the window: writes the summaries, the loudest keys first, and forgets all hits. */
  #flush(): void {
    this.#isCounting = false
    const suppressed = [...this.#entries.values()].flat().filter((entry) => entry.suppressed > 0)
    const loudest = suppressed.toSorted((a, b) => b.suppressed - a.suppressed)
    this.#entries.clear()
    this.#size = 0

    for (const { news, suppressed: more } of loudest) {
      if (this.#mayWrite(mostLines - 1))
        this.#write(`${news.text()}, ${more} more in ${window}`, { about: news.about, suppressed: more })
      else this.#unlisted += more
    }
    // There is room for it: no other line may be the tenth.
    if (this.#unlisted > 0 && this.#mayWrite(mostLines)) this.#summariseRest()
  }

  #summariseRest(): void {
    const suppressed = this.#unlisted
    this.#write(`${suppressed} more of other keys, or of other errors, in ${window}`, { suppressed })
    this.#unlisted = 0
  }

  /** Whether so far less than so many lines were written in this second. */
  #mayWrite(most: number): boolean {
    const second = Math.floor(performance.now() / 1_000)
    if (second !== this.#second) [this.#second, this.#written] = [second, 0]
    if (this.#written >= most) return false
    this.#written++
    return true
  }
}
