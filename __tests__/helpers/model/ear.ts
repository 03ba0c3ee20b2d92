import { deepStrictEqual } from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type {
  ClosedEvent,
  PassedEvent,
  QueuedEvent,
  RejectedEvent,
  ReleasedEvent,
} from '../../../lib/index.ts'

/** What each event says, in the words of the model. */
const words = {
  passed: ({ zone, key }: PassedEvent) => `${zone} ${key} passed`,
  rejected: ({ zone, key, dryRun }: RejectedEvent) =>
    `${zone} ${key} ${dryRun ? 'rejectedDryRun' : 'rejected'}`,
  exhausted: ({ zone, key }: PassedEvent) => `${zone} ${key} exhausted`,
  queued: ({ zone, waiting }: QueuedEvent) => `${zone} ${waiting} wait`,
  closed: ({ zone, cause }: ClosedEvent) => `${zone} closed: ${cause}`,
  released: ({ zone, key, cause }: ReleasedEvent) => `${zone} ${key} given back: ${cause}`,
}

/** Hears what the real thing tells, until it is to stop. */
export class Ear {
  readonly #heard: string[] = []
  readonly #listeners = Object.entries(words).map(([name, say]) => {
    return [`limit-conn:${name}`, (event: unknown) => void this.#heard.push(say(event as never))] as const
  })

  constructor() {
    for (const [channel, listener] of this.#listeners) subscribe(channel, listener)
  }

  stop(): void {
    for (const [channel, listener] of this.#listeners) unsubscribe(channel, listener)
  }

  /** What was told since is what the model has to tell: neither more nor less, and whatever came first. */
  check(news: string[]): void {
    deepStrictEqual(this.#heard.splice(0).toSorted(), news.splice(0).toSorted())
  }
}
