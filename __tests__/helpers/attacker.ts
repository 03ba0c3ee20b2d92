import { once } from 'node:events'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, afterEach } from '@jest/globals'
import type { Served } from './server.ts'

/** How many clients an attack has, and how many of them the server may hold. */
export interface Strength {
  readonly count?: number
  readonly limit?: number
}

/**
 * Hostile clients of 127.0.0.1, in a thread of their own. Made once for a file; its clients do not outlive a test.
 */
export class Attacker {
  readonly #worker = new Worker(path.join(__dirname, 'attacks.js'))

  constructor() {
    afterEach(() => this.leave())
    afterAll(() => this.#worker.terminate())
  }

  /** Makes one attack of `attacks.js`, up to its height: how many clients are held, where they want to stay. */
  async attack({ place }: Served, name: string, strength: Strength = {}): Promise<number | undefined> {
    return this.#tell({ place, name, ...strength })
  }

  /** All its clients close. */
  async leave(): Promise<void> {
    await this.#tell({ name: 'leave' })
  }

  async #tell(message: object): Promise<number | undefined> {
    this.#worker.postMessage(message, [])
    const [answer] = (await once(this.#worker, 'message')) as [number | undefined]
    return answer
  }
}
