import { functionFailed, isThenable, withDeadline, type UserCall } from '../core/limit.ts'

/** Goes on with a value, at once unless it is a promise. Such a promise never rejects. */
export function whenSettled<S, T>(
  subject: S,
  value: T | PromiseLike<T>,
  goOn: (subject: S, value: T) => void,
): void {
  if (!isThenable(value)) return goOn(subject, value)
  // In a tick of its own, so that what `goOn` throws is an uncaught exception as ever, not a rejection.
  void value.then((settled) => process.nextTick(goOn, subject, settled))
}

/** Calls a function of the user's, and goes on with what it answers or with the error. */
export function settle(call: UserCall, timeoutMs: number, goOn: (value: unknown) => void): void {
  whenSettled(undefined, attempt(call, timeoutMs), (_, value) => goOn(value))
}

function attempt({ path, run }: UserCall, timeoutMs: number): unknown {
  try {
    const value = run()
    return isThenable(value) ? withDeadline(value, timeoutMs, path) : value
  } catch (cause) {
    return functionFailed(path, cause)
  }
}
