import type { Owner } from '../core/slot.ts'

/** What a policy knows of a connection. */
export interface Visit {
  readonly owner: Owner
  /** What holds a slot here: decided at the first request, and never changed. */
  readonly unit: 'connections' | 'requests'
  /** The latest key of each limit, where connections are counted, and how often one has changed. */
  readonly keys: string[]
  changes: number
  /** A request of it was decided on. */
  isSeen: boolean
}
