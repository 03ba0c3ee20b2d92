import type { Hit } from '../core/decision.ts'
import type { LimitConnError } from '../errors.ts'
import { showClient, type Showing } from '../core/shown.ts'
import { Flood, type News, type Told } from './flood.ts'
import { contextFields, errorLine, hitFields, hitLine, type Context } from './line.ts'
import { write, type Fields, type Level, type Logger } from './logger.ts'

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
  readonly limits: readonly { readonly zone: { readonly showing: Showing } }[]
}

/** Makes the journal of a policy; `contextOf` reads what is told of a source. */
export function makeJournal<S>(
  settings: () => JournalSettings,
  contextOf: (source: S) => Context,
): Journal<S> {
  const flood = new Flood((line, told) => {
    const { logger, logLevel } = settings()
    if (logLevel !== false) write(logger, logLevel, { line, fields: () => fieldsOf(told) })
  })

  /** What is read here belongs to others: the trust function of the application runs, which may throw. */
  function tryContextOf(source: S, privacy: Showing['privacy']): Context {
    try {
      const { client, ...others } = contextOf(source)
      return { ...others, client: client && showClient(client, privacy) }
    } catch {
      return {}
    }
  }

  /** An error is of no zone: where one hides addresses, they are hidden. */
  function strictestPrivacy(): Showing['privacy'] {
    return settings().limits.find(({ zone }) => zone.showing.privacy)?.zone.showing.privacy ?? false
  }

  return {
    hits(hits, source) {
      if (hits.length === 0 || settings().logLevel === false) return
      for (const hit of hits) {
        if (hit.kind === 'passed') continue
        const news = { key: hit.key, kind: hit.kind, text: () => hitLine(hit), about: hit }
        flood.tell(hit.zone, news, () => tryContextOf(source, hit.zone.showing.privacy))
      }
    },
    news(news) {
      if (settings().logLevel === false) return
      flood.tell(settings, typeof news === 'string' ? lineNews(news) : errorNews(news), () => ({}))
    },
    error(error, source) {
      if (settings().logLevel === false) return
      const context = (): Context => (source === undefined ? {} : tryContextOf(source, strictestPrivacy()))
      flood.tell(settings, errorNews(error), context)
    },
  }
}

/** Of no key: the same words are the same news. */
function lineNews(line: string): News {
  return { key: line, kind: 'line', text: () => line }
}

function errorNews(error: LimitConnError): News {
  return { ...lineNews(errorLine(error)), about: error }
}

function fieldsOf({ about, context = {}, suppressed }: Told): Fields {
  const known = about && ('zone' in about ? hitFields(about) : { code: about.code })
  return { ...known, ...contextFields(context), ...(suppressed !== undefined && { suppressed }) }
}
