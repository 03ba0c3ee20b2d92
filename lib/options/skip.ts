import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { parseRange, type AddressRange } from '../core/address.ts'
import { invalid } from './check.ts'
import type { Call } from './limits.ts'

/** Says that a request is not to be counted. */
export type SkipFunction = Call<[req: IncomingMessage | Http2ServerRequest], boolean | PromiseLike<boolean>>

/** What `skip` says, compiled. */
export type Skip = SkipFunction | SkipList

/** Exact paths, and blocks of addresses. */
export interface SkipList {
  readonly paths: ReadonlySet<string>
  readonly ranges: readonly AddressRange[]
}

const accepted = 'a function, or a list of paths ("/healthz") and CIDRs ("10.0.0.0/8")'

/** Checks and compiles `skip`. @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION */
export function compileSkip(value: unknown, path: string): Skip {
  if (typeof value === 'function') return value as SkipFunction
  if (!Array.isArray(value)) throw invalid(path, value, accepted)

  const paths = value.filter((entry) => typeof entry === 'string' && /^\/[^?#*\s]*$/.test(entry))
  const ranges = value.flatMap((entry: unknown, index) => {
    if (paths.includes(entry)) return []
    const range = typeof entry === 'string' ? parseRange(entry) : undefined
    if (!range)
      throw invalid(
        `${path}[${index}]`,
        entry,
        'an exact path ("/healthz"), an address or a CIDR; take a function for patterns',
      )
    return [range]
  })
  return { paths: new Set(paths), ranges }
}
