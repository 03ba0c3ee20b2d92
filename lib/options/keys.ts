import type { Limit } from '../core/limit.ts'
import { LimitConnError } from '../errors.ts'
import { byHeader } from '../key/header.ts'
import { byIp } from '../key/ip.ts'
import { byTemplate, compileTemplate } from '../key/template.ts'
import { traitsOf } from '../key/traits.ts'
import { aFunction, invalid } from './check.ts'

/** A key as it is given: a function, or a template of nginx. */
export type GivenKey = string | Limit['key']

/** Makes the key function of a limit; `path` is that of its option. Throws before anything changes. */
export type CompileKey = (key: GivenKey, path: string) => Limit['key']

/** What makes a key function, and how it is called. */
const makers = new Map<unknown, string>([
  [byIp, 'byIp()'],
  [byHeader, "byHeader('x-api-key')"],
  [byTemplate, "byTemplate('$remote_addr')"],
])

const aKeyFunction = aFunction("a function or a template, such as byIp(), byHeader(name) or '$remote_addr'")

/** Checks an option `key`; a template stays text. */
export function aKey(value: unknown, path: string): unknown {
  const call = makers.get(value)
  if (call === undefined) return typeof value === 'string' ? value : aKeyFunction(value, path)

  const message = `${path} is ${(value as { name: string }).name} itself; call it, as in ${call}`
  throw new LimitConnError('ERR_LIMIT_CONN_NOT_CALLED', message, { option: path })
}

/** The key function of a limit on requests. */
export function requestKey(key: GivenKey, path: string): Limit['key'] {
  return typeof key === 'string' ? compileTemplate(key, path) : key
}

/** The key function of a limit on sockets, which have no request. */
export function socketKey(key: GivenKey, path: string): Limit['key'] {
  const compiled = requestKey(key, path)
  const { needsRequest, requestVariable = 'a header' } = traitsOf(compiled)
  if (!needsRequest) return compiled
  const accepted = `a key of the connection, such as byIp(): ${requestVariable} comes with a request, and is a key for limitConn`
  throw invalid(path, key, accepted)
}

/** The key function of a limit at accept, where TLS has not begun. */
export function acceptKey(key: GivenKey, path: string): Limit['key'] {
  const compiled = socketKey(key, path)
  const { tlsVariable, trust } = traitsOf(compiled)
  if (trust) {
    const accepted =
      'a key without trustProxy: no request is read at accept; set proxyProtocol if the proxy speaks it, or let limitConn trust it'
    throw invalid(path, key, accepted)
  }
  if (tlsVariable === undefined) return compiled
  const accepted = `a key that is known at accept, such as byIp(): ${tlsVariable} comes with TLS, and is a key for limitConn`
  throw invalid(path, key, accepted)
}
