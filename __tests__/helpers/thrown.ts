import { LimitConnError } from '../../lib/index.ts'

/** What a function throws; undefined if it throws nothing. */
export function thrownBy(run: () => unknown): unknown {
  try {
    return void run()
  } catch (error) {
    return error
  }
}

/** The error of ours that a function throws. Another one is thrown on. */
export function errorOf(run: () => unknown): LimitConnError {
  const error = thrownBy(run)
  if (error instanceof LimitConnError) return error
  throw error ?? new Error('nothing was thrown')
}
