import type { IncomingMessage, ServerResponse } from 'node:http'
import { functionFailed } from '../core/limit.ts'
import type { Zone } from '../core/zone.ts'
import { aFunction, checkObject, type Checks } from '../options/check.ts'
import { Failure, sendFailure } from './status-answer.ts'
import { answerRoute, type Call } from './status-endpoints.ts'
import { EventStreams, isGone } from './status-events.ts'
import { refusalOf, type Authorize } from './status-guard.ts'
import { eventJson } from './status-json.ts'
import { routeOf, targetOf, type Route } from './status-routes.ts'
import { zoneLister, type ZoneList } from './zone-list.ts'

export interface StatusOptions {
  /** What to show: `policy.zones`, say, or a function that returns a list each time. No two have one name. */
  readonly zones: ZoneList
  /**
   * Who may see all of it, reset statistics and close connections: asked for each request, and only `true` lets it in. A stream
   * of events ends after a minute, and is asked for again. What a browser asks for a page of another site is refused. Without it
   * the router is read-only, and answers callers on this machine only. Behind any proxy it is needed: one that hides itself
   * cannot be told from such a caller.
   */
  authorize?(req: IncomingMessage): boolean | PromiseLike<boolean>
}

/** Connect middleware; of `node:http`, too, where nothing comes next. */
export type StatusRouter = (
  req: IncomingMessage,
  res: ServerResponse,
  next?: (error?: unknown) => void,
) => void

/**
 * Makes a router that shows zones, as JSON and as a page, wherever it is mounted.
 *
 * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION, ERR_LIMIT_CONN_UNKNOWN_OPTION; ERR_LIMIT_CONN_DUPLICATE_NAME for two
 * zones of one name
 */
export function statusRouter(options: StatusOptions): StatusRouter {
  const { zones, authorize } = checkStatus(options)
  const mayChange = authorize !== undefined
  const streams = new EventStreams(() => JSON.stringify(eventJson(zones(), mayChange)))

  return function limitConnStatus(req, res, next) {
    const target = targetOf(req)
    const route = routeOf(target.path)
    if (!route && next) return next()
    void answer({ ...target, req, res, route: route ?? notFound, zones, authorize, streams, mayChange })
  }
}

const notFound = new Failure(404, 'PathNotFound', 'there is nothing under this path')

const checks: Checks = {
  zones: zoneLister,
  authorize: aFunction('a function of the request that returns true for those who may see the zones'),
}

interface Checked {
  readonly zones: () => readonly Zone[]
  readonly authorize: Authorize | undefined
}

function checkStatus(options: unknown): Checked {
  const { zones, authorize } = checkObject(options, 'statusRouter', checks) as Partial<Checked>
  return { zones: zones ?? zoneLister(undefined, 'statusRouter.zones'), authorize }
}

/** Never rejects: what goes wrong is an answer. */
async function answer(call: Call & Checked & { readonly route: Route | Failure }): Promise<void> {
  const { req, res, route, authorize } = call
  try {
    const isPage = 'endpoint' in route && route.endpoint === 'page'
    const refusal = await refusalOf(req, { authorize, isPage })
    // The client may have gone meanwhile.
    if (isGone(res)) return
    const failure = refusal ?? (route instanceof Failure ? route : answerRoute(call, route))
    if (failure) sendFailure(res, failure)
  } catch (cause) {
    const { code, message } = functionFailed('statusRouter.zones', cause)
    sendFailure(res, new Failure(500, code, message))
  }
}
