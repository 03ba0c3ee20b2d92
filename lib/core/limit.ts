import { isLimitConnError, LimitConnError } from '../errors.ts'
import { show } from '../options/check.ts'
import type { CauseFarewell } from './close.ts'
import type { OnLimit } from './evict.ts'
import { GONE, keysOf, type KeyValue } from './key.ts'
import type { Grant } from './share.ts'
import type { Zone } from './zone.ts'

/** What the functions of a limit are called with: a request and its response, or a socket. */
export type Args = readonly unknown[]

/** A limit as it was configured: zone, key and highest number of slots. */
export interface Limit {
  readonly zone: Zone
  readonly key: (...args: never[]) => KeyValue | PromiseLike<KeyValue>
  readonly limit: number | ((...args: never[]) => number | PromiseLike<number>)
  readonly isDryRun: boolean
  readonly onLimit: OnLimit
  readonly onEvict?: CauseFarewell
  /** In milliseconds; false: no bound. */
  readonly maxLifetimeMs: number | false
  readonly maxIdleMs: number | false
  /** Path of the option, for error messages. */
  readonly path: string
}

/** What a limit asks of one source: tagged keys (none: it does not apply) and the number in force. */
export interface Ask {
  readonly limit: Limit
  readonly keys: readonly string[]
  readonly max: number
  /** What a shared zone has answered, by key. */
  grants?: Map<string, Grant>
}

/** One ask for each limit; or that the peer is gone; or the first error. Errors are values here. */
export type Evaluation = readonly Ask[] | typeof GONE | LimitConnError

/** A limit that is asked, and what its functions are given. */
interface Question {
  readonly limit: Limit
  readonly args: Args
  readonly timeoutMs: number
}

/** A function of the user's, and the option it stands under. */
export interface UserCall {
  readonly path: string
  readonly run: () => unknown
}

type Answer = Ask | typeof GONE | LimitConnError

/** Asks all keys and limits of a source. Answers at once unless a function of the user's answers with a promise. */
export function evaluate(
  limits: readonly Limit[],
  args: Args,
  timeoutMs: number,
): Evaluation | Promise<Evaluation> {
  const answers = limits.map((limit) => ask({ limit, args, timeoutMs }))
  if (!answers.some(isThenable)) return collect(answers as Answer[])

  return Promise.all(answers.map(async (answer) => answer)).then(collect)
}

/** The answer, or a LimitConnError after `timeoutMs`; never rejects. */
export async function withDeadline<T>(
  answer: PromiseLike<T>,
  timeoutMs: number,
  path: string,
): Promise<T | LimitConnError> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<LimitConnError>((resolve) => {
    timer = setTimeout(() => resolve(tooLate(path, timeoutMs)), timeoutMs)
  })
  try {
    return await Promise.race([answer, deadline])
  } catch (cause) {
    return functionFailed(path, cause)
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

function ask(question: Question): Answer | PromiseLike<Answer> {
  return answerOf(question, 'key', askUnder)
}

function askUnder(question: Question, key: unknown): Answer | PromiseLike<Answer> {
  const { limit } = question
  if (key === GONE) return GONE
  const keys = keysOf(key)
  if (!keys) return wrongAnswer(`${limit.path}.key`, key)
  if (keys.length === 0) return { limit, keys, max: 0 }
  if (typeof limit.limit === 'number') return { limit, keys, max: limit.limit }

  return answerOf(question, 'limit', (_, max) =>
    isLimit(max) ? { limit, keys, max } : wrongAnswer(`${limit.path}.limit`, max),
  )
}

/** Calls a function of the user's and goes on with its answer, now or later. Nothing is made for what is not needed. */
function answerOf(
  question: Question,
  name: 'key' | 'limit',
  goOn: (question: Question, value: unknown) => Answer | PromiseLike<Answer>,
): Answer | PromiseLike<Answer> {
  const { limit, args, timeoutMs } = question
  try {
    const value = (limit[name] as (...args: Args) => unknown)(...args)
    if (!isThenable(value)) return goOn(question, value)
    return withDeadline(value, timeoutMs, `${limit.path}.${name}`).then((answer) => {
      return answer instanceof LimitConnError ? answer : goOn(question, answer)
    })
  } catch (cause) {
    return functionFailed(`${limit.path}.${name}`, cause)
  }
}

function isLimit(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && (Number.isInteger(value) || value === Infinity)
}

/** The error for a function of the user's that took too long. */
export function tooLate(path: string, timeoutMs: number): LimitConnError {
  const message = `${path} gave no answer within ${timeoutMs} ms`
  return new LimitConnError('ERR_LIMIT_CONN_TIMEOUT', message, { option: path })
}

/** The error for an answer that is no key or no limit. */
function wrongAnswer(path: string, value: unknown): LimitConnError {
  const isKey = path.endsWith('.key')
  const [code, accepted] = isKey ? wrongKey : wrongLimit
  const returned = isKey ? kindOf(value) : show(value)
  return new LimitConnError(code, `${path} returned ${returned}; expected ${accepted}`, { option: path })
}

/** What a key function returns may be a secret, or have one in it. */
function kindOf(value: unknown): string {
  if (typeof value === 'boolean' || typeof value === 'number') return show(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

const wrongKey = [
  'ERR_LIMIT_CONN_INVALID_KEY',
  'a string, a finite number, a bigint, what byIp() returns, undefined or null',
] as const
const wrongLimit = ['ERR_LIMIT_CONN_INVALID_LIMIT', 'a whole number >= 0, or Infinity'] as const
