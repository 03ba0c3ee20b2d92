import type { Connection } from '../../../lib/connection/connection.ts'
import { Sweep } from '../../../lib/connection/sweep.ts'
import type { Parcel } from '../carrier.ts'
import type { Pair } from './pairs.ts'

/** The real sweep over holders without sockets. It comes by when it is told. */
export class Sweeping {
  readonly #sweep = new Sweep({ everyMs: 2 ** 30, graceMs: Infinity })
  /** Timers that it has running. */
  timers = 0

  watch([{ vessel }, holder]: Pair): void {
    const parcel = vessel as Parcel | undefined
    const socket = { destroyed: false, pending: true }
    const pulse = (): string => parcel?.pulse() ?? 'open'
    const connection = { holder, socket, pulse, isTrackable: true, progress: () => 0, probeProgress: 0 }
    this.#sweep.watch(connection as unknown as Connection)
    this.timers = 1
  }

  async run(): Promise<void> {
    await this.#sweep.run()
    if (this.#sweep.size === 0) this.timers = 0
  }
}
