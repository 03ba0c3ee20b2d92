/** nginx's levels, the lowest first. */
export type Level = 'info' | 'notice' | 'warn' | 'error'

/** console, pino, winston, or anything with these functions; the one of the level in use is enough. */
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

/** Writes a line. A logger that throws or rejects changes nothing: it is not what decides. */
export function write(logger: Logger, level: Level, line: string): void {
  try {
    const written = methodFor(logger, level)?.(line)
    if (written instanceof Promise) written.catch(() => undefined)
  } catch {
    // Nowhere to tell it: this was the logger.
  }
}
