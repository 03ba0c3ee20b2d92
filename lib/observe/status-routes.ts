import type { IncomingMessage } from 'node:http'
import { Failure } from './status-answer.ts'

/** What can be asked of a router. */
export type Endpoint = 'page' | 'events' | 'zones' | 'zone' | 'keys' | 'key' | 'advice'

/** What is asked for, and of which zone and key; both are empty where there is none. */
export interface Route {
  readonly endpoint: Endpoint
  readonly zone: string
  readonly key: string
}

/** What may be asked of each endpoint. */
export const methodsOf: Readonly<Record<Endpoint, readonly string[]>> = {
  page: ['GET', 'HEAD'],
  events: ['GET', 'HEAD'],
  zones: ['GET', 'HEAD'],
  zone: ['GET', 'HEAD', 'DELETE'],
  keys: ['GET', 'HEAD'],
  key: ['DELETE'],
  advice: ['GET', 'HEAD'],
}

/** Path and query below the mount, and the path as the client wrote it. */
export interface Target {
  readonly path: string
  readonly query: URLSearchParams
  readonly askedPath: string
}

/** Express and Connect cut the mount off `url`, and keep the whole as `originalUrl`. */
export function targetOf(req: IncomingMessage & { readonly originalUrl?: string }): Target {
  const [path, query] = split(req.url ?? '/')
  const [askedPath] = split(req.originalUrl ?? req.url ?? '/')
  return { path, query: new URLSearchParams(query), askedPath }
}

/** What a path asks for; undefined: nothing of this router's. A part that cannot be decoded is a failure. */
export function routeOf(path: string): Route | Failure | undefined {
  if (path === '/') return { endpoint: 'page', zone: '', key: '' }
  const [, first, ...rest] = path.replace(/(?<=.)\/$/, '').split('/')
  if (first === 'events' && rest.length === 0) return { endpoint: 'events', zone: '', key: '' }
  if (first !== 'limit_conns') return undefined

  const [zone = '', what = '', key = '', ...more] = rest
  const endpoint = more.length > 0 ? undefined : endpointOf(zone, what, key)
  // Clients make that of `/keys/..`: a key is not to be kicked by a reset of its zone.
  if (endpoint === 'zone' && path.endsWith('/')) return undefined
  return endpoint && decoded({ endpoint, zone, key })
}

function endpointOf(zone: string, what: string, key: string): Endpoint | undefined {
  if (zone === '') return what === '' ? 'zones' : undefined
  if (what === '') return key === '' ? 'zone' : undefined
  if (what === 'keys') return key === '' ? 'keys' : 'key'
  return what === 'advice' && key === '' ? 'advice' : undefined
}

function decoded({ endpoint, zone, key }: Route): Route | Failure {
  try {
    return { endpoint, zone: decodeURIComponent(zone), key: decodeURIComponent(key) }
  } catch {
    return new Failure(400, 'PathInvalid', 'the path cannot be decoded: a percent sign is written %25')
  }
}

/** A target may be a whole URL, too. */
function split(target: string): [path: string, query: string] {
  const [path = '', ...query] = target.replace(/^https?:\/\/[^/?]*/i, '').split('?')
  return [path === '' ? '/' : path, query.join('?')]
}
