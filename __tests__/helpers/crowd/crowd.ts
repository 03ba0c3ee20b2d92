import path from 'node:path'
import { expect } from '@jest/globals'
import type { SweepTimes } from '../../../lib/connection/sweep.ts'
import { Child } from '../child.ts'

interface Counts {
  readonly active: number
  readonly open: number
}

/** What the zones have decided on, and the most that was open at one time. */
type Total =
  'passed' | 'rejected' | 'queued' | 'evicted' | 'kicked' | 'trimmed' | 'expired' | 'idled' | 'peakOpen'

/** What the server has when nobody is there. */
export interface Empty {
  readonly left: Readonly<Record<'slots' | 'keys' | 'waiting' | 'watched' | 'open', number>>
  readonly isClean: boolean
  readonly descriptors: number
  readonly heapBytes: number
  readonly totals: Readonly<Record<Total, number>>
  /** Most slots that the address with a low limit ever had. */
  readonly fewPeak: number
  readonly surprises: readonly string[]
}

interface Worked {
  readonly visits: number
  readonly staying: number
  readonly failures: readonly string[]
}

/** What the clients are to do: behaviours by chance out of a table, so many or so long. */
export interface Work {
  readonly table: 'behaviours' | 'resets'
  /** How many of them go to which server, 0 to 1; to that on http what is left. */
  readonly parts: { readonly [place in 'https' | 'http2' | 'proxied']?: number }
  readonly count?: number
  readonly forMs?: number
}

export interface CrowdOptions {
  readonly seed: number
  /** Processes of clients. */
  readonly processes: number
  /** Sockets of each. */
  readonly most: number
  /** The times of the sweep. @default short ones */
  readonly sweep?: SweepTimes
  /** All servers, those on HTTP/2 and behind a proxy too, and options that change all the time. @default false */
  readonly isWhole?: boolean
}

/**
 * Where memory is measured, V8 is not to optimize: what it notes for that grows by megabytes while options change many
 * times a second, and would hide what grows here.
 */
const unoptimized = ['--no-opt', '--no-maglev']
const patienceMs = 300_000
const fast = { everyMs: 500, graceMs: 1_000 }

/** Guarded servers in a process of their own, and processes of clients with all kinds of behaviour. */
export class Crowd {
  readonly #server: Child
  readonly #clients: readonly Child[]
  visits = 0
  readonly failures: string[] = []

  private constructor(server: Child, clients: readonly Child[]) {
    this.#server = server
    this.#clients = clients
  }

  static async start({ processes, most, ...options }: CrowdOptions): Promise<Crowd> {
    const { seed } = options
    const given = JSON.stringify({ sweep: fast, ...options })
    const server = new Child([
      '--expose-gc',
      ...(options.isWhole ? unoptimized : []),
      path.join(__dirname, 'server.js'),
      given,
    ])
    const { ports } = (await server.ready()) as { ports: number[] }
    const clients = Array.from({ length: processes }, (_, n) => {
      return new Child([path.join(__dirname, 'clients.js'), JSON.stringify({ ports, seed: seed + n, most })])
    })
    await Promise.all(clients.map((client) => client.ready()))
    return new Crowd(server, clients)
  }

  /** Lets the clients do something, and waits until all is done; answers how many stay. */
  async work({ count, ...work }: Work): Promise<number> {
    const each = count === undefined ? work : { ...work, count: count / this.#clients.length }
    const results = (await this.#ask({ what: 'work', ...each })) as readonly Worked[]
    for (const { visits, failures } of results) {
      this.visits += visits
      this.failures.push(...failures)
    }
    return results.reduce((sum, { staying }) => sum + staying, 0)
  }

  /** At rest, with those who stay: the guards count what their servers have open. Answers how many. */
  async expectEven(): Promise<number> {
    const counts = (await this.#server.ask('rest', patienceMs)) as readonly Counts[]
    expect(counts.map(({ active }) => active)).toEqual(counts.map(({ open }) => open))
    return counts.reduce((sum, { open }) => sum + open, 0)
  }

  /** All leave; nothing must be left of them. */
  async expectEmpty(): Promise<Empty> {
    await this.#ask({ what: 'leave' })
    const state = (await this.#server.ask('empty', patienceMs)) as Empty
    const nothing = { slots: 0, keys: 0, waiting: 0, watched: 0, open: 0 }
    expect(state).toMatchObject({ left: nothing, isClean: true, surprises: [] })
    return state
  }

  /** What the processes have printed: nothing, if all is well. */
  get said(): string {
    return [this.#server, ...this.#clients].map(({ said }) => said).join('')
  }

  async #ask(task: object): Promise<unknown[]> {
    return Promise.all(this.#clients.map((client) => client.ask(JSON.stringify(task), patienceMs)))
  }
}

/** So many clients disappear by a reset, and nothing is left of them. */
export async function expectNothingLeftOfResets(crowd: Crowd, count: number, tlsPart: number): Promise<void> {
  const before = await crowd.expectEmpty()
  await crowd.work({ table: 'resets', parts: { https: tlsPart }, count })
  const after = await crowd.expectEmpty()

  expect(crowd.visits).toBe(count)
  expect(crowd.failures).toEqual([])
  expect(after.totals.passed).toBeGreaterThan(count / 4)
  expect(Math.abs(after.descriptors - before.descriptors)).toBeLessThanOrEqual(2)
  expect(crowd.said).toBe('')
}
