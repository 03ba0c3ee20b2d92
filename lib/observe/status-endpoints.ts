import type { IncomingMessage, ServerResponse } from 'node:http'
import { kickShown } from '../core/close.ts'
import type { Zone } from '../core/zone.ts'
import { show } from '../options/check.ts'
import { page, pageOfChanges } from './page.ts'
import { Failure, send, sendJson, sendNothing } from './status-answer.ts'
import type { EventStreams } from './status-events.ts'
import { adviceJson, keysJson, zoneJson, zonesJson } from './status-json.ts'
import { readQuery } from './status-query.ts'
import { methodsOf, type Route, type Target } from './status-routes.ts'

/** What is asked, and what it takes to answer. */
export interface Call extends Target {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly streams: EventStreams
  /** This caller may reset and kick. */
  readonly mayChange: boolean
  /** The zones of now; may throw. */
  readonly zones: () => readonly Zone[]
}

/** Answers a call of somebody who may make it, or returns why not. */
export function answerRoute(call: Call, { endpoint, zone: name, key }: Route): Failure | undefined {
  const { req, res, zones } = call
  if (!methodsOf[endpoint].includes(req.method!)) return wrongMethod(req, methodsOf[endpoint])
  if (endpoint === 'page') return sendPage(call)
  const query = readQuery(endpoint, call.query)
  if (query instanceof Failure) return query

  if (endpoint === 'events') return call.streams.open(res)
  if (endpoint === 'zones') return sendJson(res, zonesJson(zones()))
  const zone = zones().find((each) => each.name === name)
  if (!zone) return new Failure(404, 'LimitConnNotFound', `no zone has the name ${show(name)}`)

  if (endpoint === 'keys') return sendJson(res, keysJson(zone, query.n))
  if (endpoint === 'advice') return sendJson(res, adviceJson(zone.advise(query.advise)))
  if (endpoint === 'key') return sendJson(res, { kicked: kickShown(zone, key) })
  if (req.method !== 'DELETE') return sendJson(res, zoneJson(zone))
  zone.reset()
  return sendNothing(res)
}

/** The page asks for what stands beside it, so that it needs an address with a slash at its end. */
function sendPage({ res, query, askedPath, mayChange }: Call): undefined {
  const { html, csp } = mayChange ? pageOfChanges : page
  const type = 'text/html; charset=utf-8'
  if (askedPath.endsWith('/'))
    return send(res, { type, body: html, headers: { 'content-security-policy': csp } })

  // Of the last part only: a path that begins with two slashes would be that of another host.
  const last = askedPath.slice(askedPath.lastIndexOf('/') + 1)
  const search = query.size > 0 ? `?${query.toString()}` : ''
  return send(res, {
    status: 308,
    type: 'text/plain',
    body: '',
    headers: { location: `./${last}/${search}` },
  })
}

function wrongMethod({ method }: IncomingMessage, methods: readonly string[]): Failure {
  const allow = methods.join(', ')
  const failure = new Failure(405, 'MethodDisabled', `${method} is not accepted here; expected ${allow}`)
  failure.headers = { allow }
  return failure
}
