import { isThenable } from '../core/limit.ts'
import type { Turn } from './turn.ts'

/** Goes on with a value, at once unless it is a promise. Such a promise never rejects. */
export function whenSettled<T>(
  turn: Turn,
  value: T | PromiseLike<T>,
  goOn: (turn: Turn, value: T) => void,
): void {
  if (!isThenable(value)) return goOn(turn, value)
  // In a tick of its own, so that what `next` throws is an uncaught exception as ever, not a rejection.
  void value.then((settled) => process.nextTick(goOn, turn, settled))
}
