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
  suppressed: number
}

/**
 * Flood control: the first news of a zone, key and kind are written whole; what follows within 10 seconds is counted and
 * summed up at their end. At most ten lines a second are written: the keys that find no place share one line.
 */
export class Flood {
  readonly #write: Write
  /** By key: the few that it has of each teller and kind. */
  readonly #entries = new Map<string, Entry[]>()
  #size = 0
  #unlisted = 0
  #written = 0
  #second = 0
  #timer: NodeJS.Timeout | undefined

  constructor(write: Write) {
    this.#write = write
  }

  /** Writes news of a teller, such as a zone, or counts them. The context is only made for a line that is written. */
  tell(teller: object, news: News, context: () => Context): void {
    this.#timer ??= setTimeout(() => this.flush(), windowMs).unref()
    const known = this.#entries
      .get(news.key)
      ?.find((entry) => entry.teller === teller && entry.news.kind === news.kind)

    if (known) known.suppressed++
    else if (this.#size >= mostEntries) this.#unlisted++
    else this.#first({ teller, news }, context)
  }

  /** Ends the window: writes the summaries, the loudest keys first, and forgets all hits. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const suppressed = [...this.#entries.values()].flat().filter((entry) => entry.suppressed > 0)
    const loudest = suppressed.toSorted((a, b) => b.suppressed - a.suppressed)
    this.#entries.clear()
    this.#size = 0

    for (const [place, { news, suppressed: more }] of loudest.entries()) {
      if (place < mostLines - 1 && this.#mayWrite())
        this.#write(`${news.text()}, ${more} more in ${window}`, { about: news.about, suppressed: more })
      else this.#unlisted += more
    }
    if (this.#unlisted > 0) this.#summariseRest()
  }

  /** One line for all the rest; a second later if there were ten in this one. */
  #summariseRest(): void {
    if (!this.#mayWrite()) {
      this.#timer = setTimeout(() => this.flush(), 1_000).unref()
      return
    }
    const suppressed = this.#unlisted
    this.#write(`limiting connections, ${suppressed} more of other keys in ${window}`, { suppressed })
    this.#unlisted = 0
  }

  #first({ teller, news }: Pick<Entry, 'teller' | 'news'>, contextOf: () => Context): void {
    const isWritten = this.#mayWrite()
    const entry = { teller, news, suppressed: isWritten ? 0 : 1 }
    const known = this.#entries.get(news.key)
    if (known) known.push(entry)
    else this.#entries.set(news.key, [entry])
    this.#size++
    if (!isWritten) return
    const context = contextOf()
    this.#write(news.text() + contextLine(context), { about: news.about, context })
  }

  #mayWrite(): boolean {
    const second = Math.floor(performance.now() / 1_000)
    if (second !== this.#second) [this.#second, this.#written] = [second, 0]
    return ++this.#written <= mostLines
  }
}
