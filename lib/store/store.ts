import type { Wish } from '../core/share.ts'

/** This process's absolute number of slots under a key, and what is wanted there beyond it. */
export interface Cell {
  readonly key: string
  readonly count: number
  readonly wishes: readonly Wish[]
}

/** What a store answers to a cell. */
export interface CellReply {
  /** Slots of all other processes. */
  readonly others: number
  /** One for each wish: there was no room. A wish to take that found room is in the cell's count now, and each that forces. */
  readonly isOver: readonly boolean[]
}

/** Nothing is wrong with the store: the cells are to be written again, as they are by then. */
export class WriteAgain extends Error {}

/** The store is there, and knows nothing of this process any more. Nothing was written. */
export class Forgotten extends Error {}

/** Where the cells of all processes stand: Redis, or the primary of a `node:cluster`. */
export interface Store {
  /** Cells are forgotten unless they are written again. */
  readonly lapses: boolean
  /** Divides keys into those that one command can write. */
  batches(keys: Iterable<string>): readonly (readonly string[])[]
  /**
   * Writes cells, and answers their wishes in order, each in one step with what stands there. Rejects where it did not
   * happen, and where it may or may not have happened; with WriteAgain where it is to be done once more, with Forgotten where
   * the store has lost what stood there.
   */
  write(cells: readonly Cell[]): Promise<readonly CellReply[]>
  /** Says that this process is there; resolves with how many are. */
  beat(): Promise<number>
  /** Says that this process is there no more. Its cells were written as zero before. */
  leave(): Promise<void>
  /** Is called when what this process had written is lost, though the store is there. */
  onLost: () => void
}
