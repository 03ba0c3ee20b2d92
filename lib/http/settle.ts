import { isThenable } from '../core/limit.ts'

/** Goes on with a value, at once unless it is a promise. Such a promise never rejects. */
export function whenSettled<T>(value: T | PromiseLike<T>, goOn: (value: T) => void): void {
  if (!isThenable(value)) return goOn(value)
  // In a tick of its own, so that what `next` throws is an uncaught exception as ever, not a rejection.
  void value.then((settled) => process.nextTick(goOn, settled))
}
