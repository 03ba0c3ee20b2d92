import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll } from '@jest/globals'
import { Child } from '../child.ts'
import type { ClientKind, RedisPlace } from './clients.ts'
import { Truth, nowMs, type Witness } from './truth.ts'

export interface CrewOptions {
  readonly client: ClientKind
  readonly place: RedisPlace
  /** How many processes. @default 4 */
  readonly size?: number
  /** @default 20 */
  readonly limit?: number
  readonly zone: { readonly name: string; readonly ttlMs: number; readonly syncMs: number } & Readonly<
    Record<string, unknown>
  >
  /** What carries a slot: sources without a socket, or connections to a server with a guard. @default 'emitters' */
  readonly carrier?: 'emitters' | 'sockets'
}

/** How a process differs from the others. */
export interface Fake {
  /** Where it finds Redis. */
  readonly place?: RedisPlace
  /** How far its `Date` is off, in milliseconds. */
  readonly dateMs?: number
  /** Its id is that of another, and so may be the number from which it counts its commands. */
  readonly identity?: { readonly bytes: number; readonly number?: number }
}

/** How attempts went, and how long their answers took. */
export interface Tally {
  readonly passed: number
  readonly rejected: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface Degraded {
  readonly isAway: boolean
  readonly reason: string | undefined
}

export interface WorkerState {
  readonly held: number
  readonly count: number
  readonly degraded: readonly Degraded[]
  readonly stats: { readonly active: number; readonly keys: number }
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

const script = path.join(__dirname, 'worker.js')

/** One of several processes that share a zone. */
export class Worker implements Witness {
  readonly log: string
  killedAtMs: number | undefined
  readonly #child: Child
  #commands = 0

  constructor(log: string, options: CrewOptions & { readonly fake?: Omit<Fake, 'place'> }) {
    this.log = log
    const { limit = 20, ...rest } = options
    this.#child = new Child([script, JSON.stringify({ ...rest, limit, log })])
  }

  async ready(): Promise<this> {
    await this.#answer(0)
    return this
  }

  /** Tries to open some at one time, or one after the other, and holds those that are let in. */
  async open(
    count: number,
    options: { readonly key?: number; readonly inTurn?: boolean } = {},
  ): Promise<Tally> {
    return (await this.#tell('open', { count, ...options })) as Tally
  }

  /** Tries again and again for a while, and holds those that are let in. */
  async flood(forMs: number, options: object = {}): Promise<Tally> {
    return (await this.#tell('flood', { forMs, ...options })) as Tally
  }

  /** Opens and closes at random; holds nothing afterwards. */
  async churn(options: {
    readonly seed: number
    readonly opens?: number
    readonly forMs?: number
    readonly keys?: number
    readonly holdMs?: number
    readonly restMs?: number
    readonly atOnce?: number
  }): Promise<Tally> {
    return (await this.#tell('churn', options)) as Tally
  }

  /** Closes the oldest, or all. */
  async close(count?: number, key = 0): Promise<number> {
    return (await this.#tell('close', { count, key })) as number
  }

  /** Keeps its event loop busy. */
  async busy(forMs: number): Promise<void> {
    await this.#tell('busy', { forMs })
  }

  async state(key = 0): Promise<WorkerState> {
    return (await this.#tell('state', { key })) as WorkerState
  }

  async countAll(key = 0): Promise<number | string> {
    return (await this.#tell('countAll', { key })) as number | string
  }

  /** SIGSTOP: it does nothing, and its connections stay open. */
  pause(): void {
    this.#child.signal('SIGSTOP')
  }

  resume(): void {
    this.#child.signal('SIGCONT')
  }

  async kill(): Promise<void> {
    this.killedAtMs = nowMs()
    await this.#child.kill()
  }

  /** Gives everything back, and ends by itself. */
  async leave(): Promise<void> {
    await this.#tell('leave', {})
    await this.#child.exit()
  }

  get isAlive(): boolean {
    return this.#child.ended === undefined
  }

  async #tell(name: string, options: object): Promise<unknown> {
    const id = ++this.#commands
    this.#child.send(JSON.stringify({ ...options, id, name }))
    return this.#answer(id)
  }

  async #answer(id: number): Promise<unknown> {
    const isIt = (message: unknown): boolean => (message as Answer).id === id
    await this.#child.until(`it answers command ${id}`, () => this.#child.messages.some(isIt), 120_000)
    const [answer] = this.#child.messages.splice(this.#child.messages.findIndex(isIt), 1) as [Answer]
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.result
  }
}

/** Processes that share a zone. They end with the test. */
export class Crew {
  readonly options: CrewOptions
  readonly workers: Worker[] = []
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'limit-conn-crew-'))
  readonly #all: Worker[] = []

  private constructor(options: CrewOptions) {
    this.options = options
    folders.push(this.#folder)
  }

  static async start(options: CrewOptions): Promise<Crew> {
    const crew = new Crew(options)
    await Promise.all(Array.from({ length: options.size ?? 4 }, () => crew.join()))
    return crew
  }

  /** One more process. */
  async join({ place = this.options.place, ...fake }: Fake = {}): Promise<Worker> {
    const log = path.join(this.#folder, `${this.#all.length}.log`)
    const worker = new Worker(log, { ...this.options, place, fake })
    this.#all.push(worker)
    this.workers.push(await worker.ready())
    return worker
  }

  /** Does something in each process at one time. */
  async each<T>(run: (worker: Worker, index: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.workers.map(run))
  }

  async kill(worker: Worker): Promise<void> {
    this.workers.splice(this.workers.indexOf(worker), 1)
    await worker.kill()
  }

  /** How many are and were open, those of processes included that were killed. */
  truth(key = 0): Truth {
    return new Truth(this.#all, key)
  }
}

/** What all processes together have tried. */
export function sumOf(tallies: readonly Tally[]): Tally {
  const sum = (pick: (tally: Tally) => number): number =>
    tallies.reduce((total, tally) => total + pick(tally), 0)
  const most = (pick: (tally: Tally) => number): number => Math.max(...tallies.map(pick))
  return {
    passed: sum(({ passed }) => passed),
    rejected: sum(({ rejected }) => rejected),
    p50Ms: most(({ p50Ms }) => p50Ms),
    p99Ms: most(({ p99Ms }) => p99Ms),
    maxMs: most(({ maxMs }) => maxMs),
  }
}

const folders: string[] = []

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
