import { parseRange, type AddressRange } from '../core/address.ts'
import { invalid } from './check.ts'

/** What `skip` says, compiled: a function of the user's, or a list. */
export type Skip = ((source: never) => unknown) | SkipList

/** Exact paths, and blocks of addresses. */
export interface SkipList {
  readonly paths: ReadonlySet<string>
  readonly ranges: readonly AddressRange[]
}

/** Checks and compiles `skip`. @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION */
export type CompileSkip = (value: unknown, path: string) => Skip

const aPath = /^\/[^?#*\s]*$/

/** Compiles the `skip` of requests. */
export const requestSkip: CompileSkip = compiling({
  isPath: (entry) => typeof entry === 'string' && aPath.test(entry),
  accepted: 'a function, or a list of paths ("/healthz") and CIDRs ("10.0.0.0/8")',
  acceptedEntry: 'an exact path ("/healthz"), an address or a CIDR; take a function for patterns',
})

/** Compiles the `skip` of sockets, which have no path. */
export const socketSkip: CompileSkip = compiling({
  isPath: () => false,
  accepted: 'a function, or a list of addresses and CIDRs ("10.0.0.0/8")',
  acceptedEntry: 'an address or a CIDR: a socket has no path, which is for the skip of limitConn',
})

interface Accepted {
  readonly isPath: (entry: unknown) => boolean
  readonly accepted: string
  readonly acceptedEntry: string
}

function compiling({ isPath, accepted, acceptedEntry }: Accepted): CompileSkip {
  return function compileSkip(value, path) {
    if (typeof value === 'function') return value as Skip
    if (!Array.isArray(value)) throw invalid(path, value, accepted)

    const paths = value.filter((entry) => isPath(entry))
    const ranges = value.flatMap((entry: unknown, index) => {
      if (paths.includes(entry)) return []
      const range = typeof entry === 'string' ? parseRange(entry) : undefined
      if (!range) throw invalid(`${path}[${index}]`, entry, acceptedEntry)
      return [range]
    })
    return { paths: new Set(paths), ranges }
  }
}
