/** nginx's levels, the lowest first. */
export type Level = 'info' | 'notice' | 'warn' | 'error'

/** console, pino, winston, or anything with these functions; the one of the level in use is enough. pino and winston get fields, too. */
export interface Logger {
  info?(message: string): unknown
  notice?(message: string): unknown
  warn?(message: string): unknown
  error?(message: string): unknown
}

/** The function of a logger for a level; `notice` falls back to `info`. */
export function methodFor(logger: unknown, level: Level): ((message: string) => unknown) | undefined {
  const candidates = level === 'notice' ? (['notice', 'info'] as const) : [level]
  for (const name of candidates) {
    const method = (logger as Logger | undefined | null)?.[name]
    if (typeof method === 'function') return method.bind(logger)
  }
  return undefined
}

/** What a line says, for those who search it. */
export type Fields = Readonly<Record<string, string | number>>

/** A line, and how its fields are made. */
export interface Line {
  readonly line: string
  readonly fields?: () => Fields
}

/**
 * Writes a line, and its fields where the logger is known to take some: they are only made then. A logger that throws or
 * rejects changes nothing: it is not what decides.
 */
export function write(logger: Logger, level: Level, { line, fields }: Line): void {
  try {
    const method = methodFor(logger, level) as ((...args: readonly unknown[]) => unknown) | undefined
    const written = method?.(...(fields ? argsFor(logger, line, fields) : [line]))
    if (written instanceof Promise) written.catch(() => undefined)
  } catch {
    // Nowhere to tell it: this was the logger.
  }
}

function argsFor(logger: Logger, line: string, fields: () => Fields): readonly unknown[] {
  if (isPino(logger)) return [fields(), line]
  // In one object: given both, winston would take a `%s` that a client has sent for a place to put the fields in.
  if (isWinston(logger)) return [{ ...fields(), message: line }]
  return [line]
}

const pinoSerializers = Symbol.for('pino.serializers')

/** @see pino lib/symbols.js; children and the loggers of pino-http and Fastify have it from their parent */
function isPino(logger: object): boolean {
  return pinoSerializers in logger && hasMethods(logger, 'child', 'bindings')
}

/** @see winston lib/winston/logger.js, version 3 */
function isWinston(logger: object): boolean {
  return (
    'transports' in logger &&
    Array.isArray(logger.transports) &&
    hasMethods(logger, 'configure', 'isLevelEnabled')
  )
}

function hasMethods(logger: object, ...names: readonly string[]): boolean {
  return names.every((name) => typeof (logger as Record<string, unknown>)[name] === 'function')
}
