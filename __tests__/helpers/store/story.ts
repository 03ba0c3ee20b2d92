import { deepStrictEqual, ok } from 'node:assert/strict'
import type { Limiter } from '../../../lib/index.ts'
import { History } from './history.ts'
import { atOnce, type Fate } from './network.ts'
import { syncMs, timeoutMs, ttlMs, type Client, type Process } from './process.ts'
import type { Step, Story } from './steps.ts'
import type { SimulatedTime } from './time.ts'
import { World } from './world.ts'

const keys = ['a', 'b'] as const

/** In which a slot that changed has long been told, where all is calm: its push, behind a command that is on its way. */
const settledMs = 45

/** What is expected of a story: that all is exact; that bounds hold when Redis forgets; or that all is told in the end. */
export type Kind = 'calm' | 'forgetful' | 'stormy'

/** Plays what happens to processes that share a zone, and sees after each step that their counts are true. */
export class Play {
  readonly #story: Story
  readonly #kind: Kind
  readonly #time: SimulatedTime
  readonly #world: World
  readonly #limiters: readonly Limiter[]
  readonly #history: History
  /** Those whose process was stopped while they waited. */
  readonly #held = new Set<Client>()
  /** What was wrong where nothing can be thrown. */
  readonly #wrong: unknown[] = []

  constructor(time: SimulatedTime, story: Story, kind: Kind) {
    this.#story = story
    this.#kind = kind
    this.#time = time
    this.#world = new World(time, story.processes)
    this.#world.redis.load()
    this.#history = new History(this.#world, keys)
    const { processes, redis } = this.#world
    this.#limiters = processes.map((process) => process.limiter({ zone: process.zone, limit: story.limit }))
    for (const [index, process] of processes.entries()) {
      this.#send(process, story.fates[index]!)
      process.decided = (client) => this.#try(() => this.#checkAnswer(process, client))
    }
    redis.wrote = () => this.#try(() => this.#checkCells())
  }

  async play(): Promise<void> {
    // Each knows how many there are.
    if (this.#kind === 'forgetful') await this.#time.elapse(2 * syncMs)
    for (const step of this.#story.steps) {
      await this.#step(step)
      this.#check()
    }
    await this.#calmDown()
    this.#checkTold()
    if (this.#kind === 'forgetful') await this.#fill()
    await this.#closeAll()
  }

  get #isCalm(): boolean {
    return this.#kind === 'calm'
  }

  async #step({ what, which, key, ms, fates, ...step }: Step): Promise<void> {
    const index = step.process % this.#story.processes
    const process = this.#world.processes[index]!
    const there = process.clients.filter(({ destroyed }) => !destroyed)
    const isStopped = this.#time.isStopped(process)

    if (what === 'open' && !isStopped) process.open(this.#limiters[index]!, key)
    if (what === 'crowd' && !isStopped) this.#crowd(index, key)
    if (what === 'close' && !isStopped && there.length > 0) process.close(there[which % there.length]!)
    if (what === 'elapse') await this.#time.elapse(ms)
    if (what === 'settle') await this.#settle()
    if (what === 'weather') this.#send(process, fates)
    if (what === 'restart') this.#world.redis.restart()
    if (what === 'goOn') this.#time.goOn(process)
    if (what === 'stop') {
      for (const client of process.waiting) this.#held.add(client)
      this.#time.stop(process)
    }
  }

  /** As many as the limit, at one time. */
  #crowd(index: number, key: string): void {
    const { processes } = this.#world
    for (let n = 0; n < this.#story.limit; n++) processes[index]!.open(this.#limiters[index]!, key)
  }

  async #settle(): Promise<void> {
    await this.#time.elapse(settledMs)
    if (!this.#isCalm) return
    for (const { waiting } of this.#world.processes) deepStrictEqual(waiting, [])
    this.#checkTold()
  }

  /** What holds at all times. */
  #check(): void {
    if (this.#wrong.length > 0) throw this.#wrong[0]
    for (const process of this.#world.processes) {
      for (const key of keys) deepStrictEqual(process.zone.count({ text: key }), process.holds(key))
      for (const client of process.waiting) this.#checkWait(client, this.#time.nowMs)
    }
  }

  /** Nobody waits for longer than an answer may take. */
  #checkWait(client: Client, nowMs: number): void {
    if (this.#held.has(client)) return
    const waitedMs = nowMs - client.askedMs
    ok(waitedMs <= timeoutMs + 1, `waited for ${waitedMs} ms`)
  }

  #checkAnswer(process: Process, client: Client): void {
    this.#checkWait(client, client.answeredMs!)
    const { decision, destroyed } = client
    deepStrictEqual(decision!.error, undefined)
    deepStrictEqual(decision!.status === 'GONE', destroyed)
    if (this.#isCalm && decision!.status === 'REJECTED')
      this.#history.checkRefusal(client, this.#limit(process))
    for (const key of keys) this.#checkLimit(this.#world.counts(key).held)
  }

  #limit(process: Process): { readonly process: Process; readonly limit: number } {
    return { process, limit: this.#story.limit }
  }

  #checkCells(): void {
    for (const cells of this.#world.redis.cells.values())
      for (const { count } of cells.values()) ok(Number.isInteger(count) && count > 0, `a cell of ${count}`)
    this.#history.note()
    if (this.#isCalm) for (const key of keys) this.#checkLimit(this.#world.counts(key).cells)
  }

  #checkLimit(counts: readonly number[]): void {
    const total = counts.reduce((sum, count) => sum + count, 0)
    ok(total <= this.#bound, `${total} of ${this.#story.limit}: ${counts.join()}`)
  }

  /** Where Redis forgets, each has its share, and one may have held all there is. */
  get #bound(): number {
    const { limit, processes } = this.#story
    if (this.#kind === 'stormy') return Infinity
    return this.#isCalm ? limit : limit + (processes - 1) * Math.ceil(limit / processes)
  }

  /** When all have told what they hold again, there is room for exactly as many as the limit says. */
  async #fill(): Promise<void> {
    await this.#time.elapse(ttlMs)
    const { limit, processes } = this.#story
    for (const key of keys) {
      for (let n = 0; n < limit; n++) {
        const index = n % processes
        this.#world.processes[index]!.open(this.#limiters[index]!, key)
        await this.#time.elapse(timeoutMs)
      }
      const total = this.#world.counts(key).held.reduce((sum, count) => sum + count, 0)
      ok(total >= limit, `only ${total} of ${limit} came in again`)
    }
  }

  /** Redis knows of each process what it holds. */
  #checkTold(): void {
    for (const key of keys) {
      const { held, cells } = this.#world.counts(key)
      deepStrictEqual(cells, held, `cells under ${key}`)
    }
  }

  /** What was sent comes, and then nothing goes wrong for a sync. */
  async #calmDown(): Promise<void> {
    const { processes } = this.#world
    for (const process of processes) {
      this.#send(process, [atOnce])
      this.#time.goOn(process)
    }
    await this.#time.elapse(0)
    const lastMs = Math.max(...processes.map(({ network }) => network.lastMs))
    await this.#time.elapse(Math.max(0, lastMs - this.#time.nowMs))
    await this.#time.elapse(syncMs + 2 * timeoutMs + settledMs)
    this.#check()
    for (const { waiting } of processes) deepStrictEqual(waiting, [])
  }

  async #closeAll(): Promise<void> {
    const { processes, redis } = this.#world
    for (const process of processes) for (const client of process.clients) process.close(client)
    this.#check()
    await this.#time.elapse(settledMs)
    deepStrictEqual(
      [this.#world.left, processes.map(({ zone }) => zone.stats().active)],
      [0, processes.map(() => 0)],
    )
    await this.#world.closeAll()
    deepStrictEqual([redis.cells.size, redis.instances.size], [0, 0])
    this.#check()
  }

  #send({ network }: Process, fates: readonly Fate[]): void {
    let next = 0
    network.fateOf = () => fates[next++ % fates.length]!
  }

  #try(check: () => void): void {
    try {
      check()
    } catch (cause) {
      this.#wrong.push(cause)
    }
  }
}
