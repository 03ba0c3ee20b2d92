import type { Wish } from '../core/share.ts'
import type { Cell, CellReply } from './store.ts'

/** A cell on its way, and who waits for its answer. */
export interface Parcel<A extends Waiting> {
  readonly key: string
  readonly count: number
  readonly asked: readonly A[]
}

/** Who waits for the answer to a wish. */
export type Waiting = { readonly wish: Wish; readonly sinceMs: number }

/** Who hands parcels over, and hears of each how it went. */
export interface Desk<A extends Waiting> {
  readonly liveKeys: Iterable<string>
  /** Keys under which somebody waits to be asked for. */
  readonly askedKeys: Iterable<string>
  /** The cell of a key as it is now, with all who wait there. */
  pack(key: string): Parcel<A>
  /** It was written: answers those who wait. Resolves to true if the cell is different by now. */
  delivered(parcel: Parcel<A>, reply: CellReply): boolean
  /** It is to be packed again: those who wait go on waiting. */
  takeBack(parcel: Parcel<A>): void
  /** It may have been written, or not. */
  lost(parcel: Parcel<A>): void
  /** What others hold may not stand in the store yet: it was away, or has forgotten all. */
  recovers(): void
  /** So many processes share the zone. */
  counted(instances: number): void
  /** The store went away, for a reason; or it is back. */
  tell(reason: string | undefined): void
}

export interface CourierOptions {
  readonly ttlMs: number
  readonly syncMs: number
  readonly commandTimeoutMs: number
}

/** Since when the first of those waits for whom parcels are carried; nobody: since now. */
export function oldestOf(parcels: readonly Parcel<Waiting>[]): number {
  let oldest = performance.now()
  for (const { asked } of parcels) if (asked[0] && asked[0].sinceMs < oldest) oldest = asked[0].sinceMs
  return oldest
}

/** What is to be written of a parcel. */
export function cellOf({ key, count, asked }: Parcel<Waiting>): Cell {
  return { key, count, wishes: asked.map(({ wish }) => wish) }
}
