import type { Carrier, Farewell, Pulse } from '../../lib/core/carrier.ts'
import { Holder } from '../../lib/core/holder.ts'

/** What carries a holder that has no socket: it does as it is told, and remembers. */
export class Parcel implements Carrier {
  isOwn = true
  state: Carrier['state'] = 'idle'
  quietSinceMs = 0
  /** What it answers when it is asked how it is. */
  health: Pulse = 'open'
  isHeeded = false
  isFinishing = false
  isClosed = false
  /** Runs when it is closed: others do what they like then. */
  whenClosed: (() => void) | undefined

  pulse(): Pulse {
    return this.isClosed ? 'gone' : this.health
  }

  heed(): void {
    this.isHeeded = true
  }

  finish(): void {
    this.isFinishing = true
  }

  close(farewell?: Farewell): void {
    this.isClosed = true
    farewell?.(this)
    this.whenClosed?.()
  }
}

/** A holder that a parcel carries. */
export function carried(over: Partial<Parcel> = {}, parent?: Holder): [Holder, Parcel] {
  const holder = new Holder(parent)
  const parcel = Object.assign(new Parcel(), over)
  holder.carriedBy(parcel)
  return [holder, parcel]
}
