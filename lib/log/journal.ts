import type { Hit } from '../core/decision.ts'
import type { LimitConnError } from '../errors.ts'
import { Flood } from './flood.ts'
import { contextLine, errorLine, hitLine, type Context } from './line.ts'
import { write, type Level, type Logger } from './logger.ts'

/** Tells of what a policy met, at the level and to the logger in force. */
export interface Journal<S> {
  /** Tells of limits that a source has met. */
  hits(hits: readonly Hit[], source: S): void
  /** Tells of an error for which there is nobody else to hand it to. */
  error(error: LimitConnError, source?: S): void
  /** Tells of what is no source's doing: an error, or a line. */
  news(news: LimitConnError | string): void
}

export interface JournalSettings {
  readonly logger: Logger
  readonly logLevel: Level | false
}

/** Makes the journal of a policy; `contextOf` reads what is told of a source. */
export function makeJournal<S>(
  settings: () => JournalSettings,
  contextOf: (source: S) => Context,
): Journal<S> {
  const flood = new Flood((line) => {
    const { logger, logLevel } = settings()
    if (logLevel !== false) write(logger, logLevel, line)
  })

  /** What is read here belongs to others: the trust function of the application runs, which may throw. */
  function tryContextOf(source: S): string {
    try {
      return contextLine(contextOf(source))
    } catch {
      return ''
    }
  }

  return {
    hits(hits, source) {
      if (hits.length === 0 || settings().logLevel === false) return
      for (const hit of hits.filter(({ kind }) => kind !== 'passed'))
        flood.tell(hit.zone, { key: hit.key, text: hitLine(hit) }, () => tryContextOf(source))
    },
    news(news) {
      if (settings().logLevel === false) return
      flood.tell(settings, { key: '', text: typeof news === 'string' ? news : errorLine(news) }, () => '')
    },
    error(error, source) {
      if (settings().logLevel === false) return
      const context = (): string => (source === undefined ? '' : tryContextOf(source))
      flood.tell(settings, { key: '', text: errorLine(error) }, context)
    },
  }
}
