import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach } from '@jest/globals'

type Task = (...args: unknown[]) => void

/** What runs later: for whom, and when. */
interface Timer {
  readonly owner: object | undefined
  readonly run: () => void
  readonly everyMs: number | undefined
  atMs: number
  unref(): Timer
}

const names = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
] as const
const { setImmediate: realSetImmediate } = globalThis

/** For whom something runs. One for all times: Node asks each for each promise. */
const owners = new AsyncLocalStorage<object>()

/** Time goes by when a test says so, for several processes in one; each of them can be stopped. */
export class SimulatedTime {
  nowMs = 1_000_000
  readonly #stopped = new Set<object>()
  readonly #timers = new Set<Timer>()

  /** What is begun here belongs to an owner, and so does all that follows from it. */
  runAs<T>(owner: object, run: () => T): T {
    return owners.run(owner, run)
  }

  /** Nothing runs for an owner until it goes on: as SIGSTOP and SIGCONT do. */
  stop(owner: object): void {
    this.#stopped.add(owner)
  }

  goOn(owner: object): void {
    this.#stopped.delete(owner)
  }

  isStopped(owner: object): boolean {
    return this.#stopped.has(owner)
  }

  /** Runs what is due, one after the other, with all that is promised in between. */
  async elapse(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms
    await settled()
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.nowMs = Math.max(this.nowMs, next.atMs)
      if (next.everyMs === undefined) this.#timers.delete(next)
      else next.atMs = this.nowMs + next.everyMs
      next.run()
      await settled()
    }
    this.nowMs = untilMs
  }

  later(run: () => void, ms: number, owner?: object): Timer {
    return this.#add({ owner, run, everyMs: undefined, atMs: this.nowMs + ms })
  }

  /** Takes the place of the real one. */
  install(): void {
    const timer =
      (isRepeated: boolean) =>
      (task: Task, ms = 1, ...args: unknown[]) => {
        const afterMs = Math.max(1, Math.trunc(ms))
        return this.#begin(() => task(...args), [afterMs, isRepeated ? afterMs : undefined])
      }
    const clear = (one: Timer | undefined): unknown => one && this.#timers.delete(one)
    Object.assign(globalThis, {
      setTimeout: timer(false),
      setInterval: timer(true),
      setImmediate: (task: Task, ...args: unknown[]) => this.#begin(() => task(...args), [0, undefined]),
      clearTimeout: clear,
      clearInterval: clear,
      clearImmediate: clear,
    })
    performance.now = () => this.nowMs
  }

  #begin(task: () => void, [afterMs, everyMs]: readonly [number, number | undefined]): Timer {
    const owner = owners.getStore()
    const run = owner ? (): void => this.runAs(owner, task) : task
    return this.#add({ owner, run, everyMs, atMs: this.nowMs + afterMs })
  }

  #add(timer: Omit<Timer, 'unref'>): Timer {
    const added: Timer = Object.assign(timer, { unref: () => added })
    this.#timers.add(added)
    return added
  }

  /** Of those that are due at one time the first that was begun. */
  #next(untilMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.atMs > untilMs || (timer.owner && this.#stopped.has(timer.owner))) continue
      if (!next || timer.atMs < next.atMs) next = timer
    }
    return next
  }
}

/** All that is promised by now has come. */
function settled(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve))
}

/** Each start is a time of its own; what was begun before is forgotten. After the test time is real again. */
export function useSimulatedTime(): () => SimulatedTime {
  const now = performance.now.bind(performance)
  const real = names.map((name) => [name, globalThis[name]] as const)
  afterEach(() => {
    Object.assign(globalThis, Object.fromEntries(real))
    performance.now = now
  })
  return () => {
    const time = new SimulatedTime()
    time.install()
    return time
  }
}
