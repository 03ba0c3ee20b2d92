import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type {
  ClosedEvent,
  ExhaustedEvent,
  PassedEvent,
  QueuedEvent,
  RejectedEvent,
  ReleasedEvent,
} from '../../lib/index.ts'
import type { Heard } from './heard.ts'

/** What is told of a world, on the channel of each name. */
export interface Events {
  readonly passed: PassedEvent
  readonly rejected: RejectedEvent
  readonly exhausted: ExhaustedEvent
  readonly queued: QueuedEvent
  readonly closed: ClosedEvent
  readonly released: ReleasedEvent
}

type Check = (value: unknown) => boolean

/** All fields of each event, and what they may be. */
const fields: { readonly [N in keyof Events]: Readonly<Record<keyof Events[N], Check>> } = {
  passed: { zone: isText, key: isText, limit: isNumber, active: isNumber },
  rejected: { zone: isText, key: isText, limit: isNumber, active: isNumber, dryRun: isBoolean },
  exhausted: { zone: isText, key: isText },
  queued: { zone: isText, waiting: isNumber },
  closed: { zone: isText, cause: isText },
  released: { zone: isText, key: isText, ageMs: isTime, cause: isText },
}

/** A world gives no reason to tell anything there. */
const silent = ['warning', 'degraded']

/** Hears what is told of the zones of a world. Nobody who listens may throw: what is wrong is noted. */
export class Ear {
  /** Something happens at this moment: it is told when the turn is over. */
  isTurn = false
  readonly #failures: string[]
  readonly #listeners: readonly (readonly [string, (event: unknown) => void])[]

  constructor(heard: readonly Heard[], failures: string[]) {
    this.#failures = failures
    const byZone = new Map(heard.map((each) => [each.subject.zone.name, each]))
    const names = [...Object.keys(fields), ...silent] as (keyof Events)[]
    this.#listeners = names.map((name) => [`limit-conn:${name}`, this.#listener(name, byZone)])
    for (const [channel, listener] of this.#listeners) subscribe(channel, listener)
  }

  /** Hears what was told by now, and then nothing more. */
  async stop(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    for (const [channel, listener] of this.#listeners) unsubscribe(channel, listener)
  }

  #listener(name: keyof Events, byZone: ReadonlyMap<string, Heard>): (event: unknown) => void {
    const checks = Object.entries(fields[name] ?? {})
    const wrongWith = (event: Readonly<Record<string, unknown>>): string | undefined => {
      const heard = byZone.get(event['zone'] as string)
      if (this.isTurn) return 'told in the middle of a turn'
      if (!heard || checks.length === 0) return 'told for no reason'
      if (Object.keys(event).length !== checks.length) return 'not the fields that there are'
      for (const [field, check] of checks) if (!check(event[field])) return `no ${field}`
      return heard[name](event as never)
    }
    return (event) => {
      const wrong = wrongWith(event as Readonly<Record<string, unknown>>)
      if (wrong !== undefined) this.#failures.push(`${name}: ${wrong}, ${JSON.stringify(event)}`)
    }
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isNumber(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean'
}

function isTime(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) >= 0
}
