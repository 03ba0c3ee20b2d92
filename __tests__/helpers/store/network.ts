import type { SimulatedRedis } from './simulated-redis.ts'
import type { SimulatedTime } from './time.ts'

/** What becomes of a command: how long it takes there and back, and what goes wrong. */
export interface Fate {
  readonly thereMs: number
  readonly backMs: number
  readonly end: 'answered' | 'unanswered' | 'lost' | 'refused'
}

export const atOnce: Fate = { thereMs: 0, backMs: 0, end: 'answered' }
export const lost: Fate = { ...atOnce, end: 'lost' }

/** The way of one process to Redis. */
export class Network {
  /** Called for each command. */
  fateOf: (args: readonly string[]) => Fate = () => atOnce
  /** What was sent, in order. */
  readonly sent: (readonly string[])[] = []
  /** Ids under which the process has written. */
  readonly ids = new Set<string>()
  /** When the last of what was sent is carried out and answered. */
  lastMs = 0
  readonly #redis: SimulatedRedis
  readonly #time: SimulatedTime
  readonly #owner: object

  constructor(redis: SimulatedRedis, time: SimulatedTime, owner: object) {
    this.#redis = redis
    this.#time = time
    this.#owner = owner
  }

  /** As the client of a zone. */
  readonly sendCommand = (args: string[]): Promise<unknown> => {
    const fate = this.fateOf(args)
    this.sent.push(args)
    this.ids.add(wordsOf(args)[0]!)
    this.lastMs = Math.max(this.lastMs, this.#time.nowMs + fate.thereMs + fate.backMs)
    return new Promise((resolve, reject) => {
      const answer = (reply: () => void): unknown => this.#time.later(reply, fate.backMs, this.#owner)
      if (fate.end === 'refused') answer(() => reject(new Error('connect ECONNREFUSED')))
      if (fate.end === 'refused' || fate.end === 'lost') return
      this.#time.later(() => {
        const reply = this.#carryOut(args)
        if (fate.end === 'answered') answer(() => (reply instanceof Error ? reject(reply) : resolve(reply)))
      }, fate.thereMs)
    })
  }

  /** Those of the commands that write cells. */
  get writes(): readonly (readonly string[])[] {
    return this.sent.filter((args) => args[3]!.includes(':{'))
  }

  #carryOut(args: readonly string[]): unknown {
    try {
      return this.#redis.call(args)
    } catch (cause) {
      return cause
    }
  }
}

/** What a script is told, word by word. */
export function wordsOf(args: readonly string[]): readonly string[] {
  return args.slice(3 + Number(args[2])).flatMap((text) => text.split(' '))
}
