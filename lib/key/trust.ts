import proxyaddr from 'proxy-addr'
import { invalid } from '../options/check.ts'

/** Whether an address is that of a proxy of yours; `hop` is 0 for the peer of the socket. */
export type Trust = (address: string, hop: number) => boolean

/**
 * What Express's `trust proxy` takes: true, a number of hops, addresses and subnets as a list or a text with commas
 * (`'loopback'`, `'linklocal'` and `'uniquelocal'` too), or a function.
 *
 * @see https://expressjs.com/en/guide/behind-proxies.html
 */
export type TrustProxy = boolean | number | string | readonly string[] | Trust

/** The part of an Express application that is read here. */
interface Settings {
  get?(name: string): unknown
}

/** Compiles the setting, as Express does. @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION */
export function compileTrust(value: unknown, path: string): Trust {
  if (typeof value === 'function') return value as Trust
  if (typeof value === 'boolean') return () => value
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return (_, hop) => hop < value

  const list = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value
  try {
    return proxyaddr.compile(list as string[])
  } catch {
    throw invalid(path, value, 'what the Express setting "trust proxy" takes: see docs/errors.md')
  }
}

/** The `trust proxy fn` of the Express application that a request is in; undefined elsewhere. */
export function expressTrust(request: { readonly app?: Settings }): Trust | undefined {
  const trust = typeof request.app?.get === 'function' ? request.app.get('trust proxy fn') : undefined
  return typeof trust === 'function' ? (trust as Trust) : undefined
}
