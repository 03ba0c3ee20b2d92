import type { AddressKey, GONE } from '../core/key.ts'
import { checkObject, invalid, oneOf } from '../options/check.ts'
import { byIp, type AddressSource } from './ip.ts'
import { withTraits } from './traits.ts'

export interface ByHeaderOptions {
  /**
   * What a request without the header counts under: nothing, or the address of the client.
   * @default 'skip'
   */
  readonly missing?: 'skip' | 'address'
}

/** A request, as far as its headers go. */
export interface HeaderSource extends AddressSource {
  readonly rawHeaders: readonly string[]
}

/** What `byHeader` makes: tells the key of a request. */
export type ByHeader = (request: HeaderSource) => string | AddressKey | typeof GONE | undefined

/** The characters of a header name. @see RFC 9110 section 5.6.2 */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/**
 * Makes a key function: the value of a request header, the first where there are several, byte for byte.
 *
 * Nobody has checked that value: a client that invents one for each connection is not limited by it. Put it behind your
 * authentication, or beside a limit by address.
 *
 * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION, ERR_LIMIT_CONN_UNKNOWN_OPTION
 */
export function byHeader(name: string, options: ByHeaderOptions = {}): ByHeader {
  if (typeof name !== 'string' || !token.test(name) || name.startsWith('$'))
    throw invalid('byHeader name', name, 'the name of a header, such as "x-api-key"')
  const checked = checkObject(options, 'byHeader', { missing: oneOf('skip', 'address') })
  const wanted = name.toLowerCase()
  const address = checked['missing'] === 'address' ? byIp() : undefined

  function keyOfHeader(request: HeaderSource): ReturnType<ByHeader> {
    return firstValue(request.rawHeaders, wanted) || address?.(request)
  }
  return withTraits(keyOfHeader, {
    needsRequest: true,
    isUnchecked: true,
    usesAddress: address !== undefined,
  })
}

/**
 * The first value of a header; its name in lower case.
 *
 * From the raw headers: Node joins duplicates with a comma, so that a client could send any key twice.
 */
export function firstValue(rawHeaders: readonly string[], name: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length === name.length && rawHeaders[i]!.toLowerCase() === name)
      return rawHeaders[i + 1]
  }
  return undefined
}
