import type { IncomingMessage } from 'node:http'
import { isInRange } from '../core/address.ts'
import { functionFailed, isThenable, withDeadline } from '../core/limit.ts'
import type { LimitConnError } from '../errors.ts'
import { addressOf } from '../key/ip.ts'
import type { Compiled } from '../options/middleware.ts'
import type { SkipList } from '../options/skip.ts'

type Addressed = IncomingMessage & { readonly originalUrl?: string }

/** Whether a request is not to be counted, or why that is not known. */
export function skips(
  { skip, timeoutMs, trusts }: Compiled,
  req: IncomingMessage,
): boolean | LimitConnError | Promise<boolean | LimitConnError> {
  try {
    if (typeof skip !== 'function') return isListed(skip, req, trusts[0])
    const answer: unknown = skip(req)
    if (!isThenable(answer)) return Boolean(answer)
    return withDeadline(Promise.resolve(answer).then(Boolean), timeoutMs, 'options.skip')
  } catch (cause) {
    return functionFailed('options.skip', cause)
  }
}

function isListed(
  { paths, ranges }: SkipList,
  req: Addressed,
  trust: Compiled['trusts'][0] | undefined,
): boolean {
  if (paths.size > 0 && paths.has(pathOf(req.originalUrl ?? req.url ?? ''))) return true
  if (ranges.length === 0) return false
  const address = addressOf(req, trust)
  return address !== undefined && ranges.some((range) => isInRange(address, range))
}

/** The path of a request target as it was sent, undecoded. @see RFC 9112 section 3.2, origin-form and absolute-form */
function pathOf(target: string): string {
  const origin = target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i, '')
  return origin.replace(/[?#].*$/s, '') || '/'
}
