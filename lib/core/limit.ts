import { isLimitConnError, LimitConnError } from '../errors.ts'
import { invalidAs, show } from '../options/check.ts'
import { GONE, keysOf, type KeyValue } from './key.ts'
import type { Zone } from './zone.ts'

/** What the functions of a limit are called with: a request and its response, or a socket. */
export type Args = readonly unknown[]

/** A limit as it was configured: zone, key and highest number of slots. */
export interface Limit {
  readonly zone: Zone
  readonly key: (...args: never[]) => KeyValue | PromiseLike<KeyValue>
  readonly limit: number | ((...args: never[]) => number | PromiseLike<number>)
  readonly isDryRun: boolean
  /** Path of the option, for error messages. */
  readonly path: string
}

/** What a limit asks of one source: tagged keys (none: it does not apply) and the number in force. */
export interface Ask {
  readonly limit: Limit
  readonly keys: readonly string[]
  readonly max: number
}

/** One ask for each limit; or that the peer is gone; or the first error. Errors are values here. */
export type Evaluation = readonly Ask[] | typeof GONE | LimitConnError

type Answer = Ask | typeof GONE | LimitConnError

/** Asks all keys and limits of a source. Answers at once unless a function of the user's answers with a promise. */
export function evaluate(
  limits: readonly Limit[],
  args: Args,
  timeoutMs: number,
): Evaluation | Promise<Evaluation> {
  const answers = limits.map((limit) => ask(limit, args))
  if (!answers.some(isThenable)) return collect(answers as Answer[])

  const all = Promise.all(answers.map(async (answer) => answer)).then(collect)
  return withDeadline(all, timeoutMs, 'a key or limit function')
}

/** The answer, or a LimitConnError after `timeoutMs`; never rejects. */
export async function withDeadline<T>(
  answer: PromiseLike<T>,
  timeoutMs: number,
  what: string,
): Promise<T | LimitConnError> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<LimitConnError>((resolve) => {
    timer = setTimeout(() => resolve(tooLate(what, timeoutMs)), timeoutMs)
  })
  try {
    return await Promise.race([answer, deadline])
  } catch (cause) {
    return functionFailed(what, cause)
  } finally {
    clearTimeout(timer)
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
}

/** The error for a function of the user's that threw or rejected; an error of this package stays what it is. */
export function functionFailed(path: string, cause: unknown): LimitConnError {
  if (isLimitConnError(cause)) return cause
  const details = { option: path, cause }
  return new LimitConnError('ERR_LIMIT_CONN_FUNCTION_FAILED', `${path} failed: ${reasonOf(cause)}`, details)
}

/** Anything can be thrown, also what has no text. */
function reasonOf(cause: unknown): string {
  try {
    return cause instanceof Error ? ''.concat(cause.message) : show(cause)
  } catch {
    return 'it threw something that has no text'
  }
}

function collect(answers: readonly Answer[]): Evaluation {
  let error: LimitConnError | undefined
  for (const answer of answers) {
    if (answer === GONE) return GONE
    if (answer instanceof LimitConnError) error ??= answer
  }
  return error ?? (answers as readonly Ask[])
}

function ask(limit: Limit, args: Args): Answer | PromiseLike<Answer> {
  const { path, key } = limit
  return answerOf({ path: `${path}.key`, call: () => key(...(args as never[])) }, (value) => {
    return askUnder(limit, args, value)
  })
}

function askUnder(limit: Limit, args: Args, key: unknown): Answer | PromiseLike<Answer> {
  if (key === GONE) return GONE
  const keys = keysOf(key)
  if (!keys) return invalidKey(`what ${limit.path}.key returned`, key, keyAccepted)
  if (keys.length === 0) return { limit, keys, max: 0 }
  const { limit: number } = limit
  if (typeof number === 'number') return { limit, keys, max: number }

  const path = `${limit.path}.limit`
  return answerOf({ path, call: () => number(...(args as never[])) }, (max) => {
    if (isLimit(max)) return { limit, keys, max }
    return invalidLimit(`what ${path} returned`, max, limitAccepted)
  })
}

/** Calls a function of the user's and goes on with its answer, now or later. */
function answerOf(
  { path, call }: { readonly path: string; readonly call: () => unknown },
  goOn: (value: unknown) => Answer | PromiseLike<Answer>,
): Answer | PromiseLike<Answer> {
  try {
    const value = call()
    if (!isThenable(value)) return goOn(value)
    return Promise.resolve(value).then(goOn, (cause: unknown) => functionFailed(path, cause))
  } catch (cause) {
    return functionFailed(path, cause)
  }
}

function isLimit(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && (Number.isInteger(value) || value === Infinity)
}

function tooLate(what: string, timeoutMs: number): LimitConnError {
  return new LimitConnError('ERR_LIMIT_CONN_TIMEOUT', `${what} gave no answer within ${timeoutMs} ms`)
}

const invalidKey = invalidAs('ERR_LIMIT_CONN_INVALID_KEY')
const invalidLimit = invalidAs('ERR_LIMIT_CONN_INVALID_LIMIT')
const keyAccepted = 'a string, a finite number, a bigint, what byIp() returns, undefined or null'
const limitAccepted = 'a whole number >= 0, or Infinity'
