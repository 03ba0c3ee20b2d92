import { isWarningHeard, tellWarning } from '../core/channels.ts'
import { methodFor, write, type Level, type Logger } from './logger.ts'

/** What looks wrong though nothing fails. Each has a code and a heading in docs/errors.md. */
export const warningCodes = {
  builtPerRequest: 'WRN_LIMIT_CONN_BUILT_PER_REQUEST',
  emptyKey: 'WRN_LIMIT_CONN_EMPTY_KEY',
  eviction: 'WRN_LIMIT_CONN_EVICTION',
  forwardedFor: 'WRN_LIMIT_CONN_FORWARDED_FOR',
  manyKeys: 'WRN_LIMIT_CONN_MANY_KEYS',
  mixedZone: 'WRN_LIMIT_CONN_MIXED_ZONE',
  noTimeout: 'WRN_LIMIT_CONN_NO_TIMEOUT',
  oneKey: 'WRN_LIMIT_CONN_ONE_KEY',
  severalProcesses: 'WRN_LIMIT_CONN_SEVERAL_PROCESSES',
  sharedDryRun: 'WRN_LIMIT_CONN_SHARED_DRY_RUN',
  trustProxy: 'WRN_LIMIT_CONN_TRUST_PROXY',
  uncheckedKey: 'WRN_LIMIT_CONN_UNCHECKED_KEY',
  unusedQueue: 'WRN_LIMIT_CONN_UNUSED_QUEUE',
} as const

export type WarningName = keyof typeof warningCodes

/** Which warnings are said: all, none, or all but those that are false here. */
export type WarningOptions = boolean | { readonly [name in WarningName]?: boolean }

/** Where warnings go, and which. */
export interface WarningSettings {
  readonly warnings: WarningOptions
  readonly logger: Logger
  readonly logLevel: Level | false
}

/** Says a warning, if it is wished and was not said before. */
export interface Warner {
  /** Whether it is still worth looking. */
  mayWarn(name: WarningName): boolean
  warn(name: WarningName, text: string): void
}

/** What each logger was told: a policy that is made for every request must not warn for every request. */
const told = new WeakMap<object, Set<WarningName>>()
/** In place of the logger of those who log nothing: what they tell listeners is still news to the loggers of others. */
const nobody = {}
const levels = ['warn', 'error', 'notice', 'info'] as const

/** The level of a warning; none for a logger that cannot be asked. */
function levelOf(logger: Logger): Level | undefined {
  try {
    return levels.find((each) => methodFor(logger, each))
  } catch {
    return undefined
  }
}

function readerOf({ logger, logLevel }: WarningSettings): object {
  return logLevel === false ? nobody : logger
}

/** Makes the warner of a policy. Each warning is said once for each logger, at level `warn`; where nothing is logged, to listeners only. */
export function makeWarner(settings: () => WarningSettings): Warner {
  function mayWarn(name: WarningName): boolean {
    const { warnings, logLevel } = settings()
    const isWished = typeof warnings === 'object' ? warnings[name] !== false : warnings
    return isWished && (logLevel !== false || isWarningHeard()) && !told.get(readerOf(settings()))?.has(name)
  }

  function warn(name: WarningName, text: string): void {
    if (!mayWarn(name)) return
    const { logger, logLevel } = settings()
    const reader = readerOf(settings())
    const names = told.get(reader) ?? new Set()
    told.set(reader, names.add(name))

    const code = warningCodes[name]
    tellWarning({ code, message: text })
    const level = logLevel === false ? undefined : levelOf(logger)
    const line = `${code}: ${text} (to silence: warnings: { ${name}: false })`
    if (level) write(logger, level, { line, fields: () => ({ code }) })
  }

  return { mayWarn, warn }
}
