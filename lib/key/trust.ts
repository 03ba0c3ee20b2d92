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

/** What `true` and `false` are compiled to. */
export const trustAll: Trust = () => true
const trustNone: Trust = () => false

/** The part of an Express application that is read here. */
interface Settings {
  get?(name: string): unknown
}

const accepted =
  'true, false, a number of hops, addresses and CIDRs, "loopback", "linklocal", "uniquelocal", or a function'

/** Compiles the setting, as Express does. @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION */
export function compileTrust(value: unknown, path: string): Trust {
  if (typeof value === 'function') return value as Trust
  if (typeof value === 'boolean') return value ? trustAll : trustNone
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return (_, hop) => hop < value

  const list = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value
  if (Array.isArray(list) && list.some(isNumber))
    throw invalid(path, value, 'a number of hops as a number, not as text')
  try {
    return proxyaddr.compile(list as string[])
  } catch {
    throw invalid(path, value, accepted)
  }
}

/** The `trust proxy fn` of the Express application that a request is in; undefined elsewhere. */
export function expressTrust(request: { readonly app?: Settings }): Trust | undefined {
  const { app } = request
  const trust = typeof app?.get === 'function' ? app.get('trust proxy fn') : undefined
  return typeof trust === 'function' ? (trust as Trust) : undefined
}

/** `'1'` from an environment variable would be taken for the address 0.0.0.1. */
function isNumber(entry: unknown): boolean {
  return typeof entry === 'string' && /^\d+$/.test(entry)
}
