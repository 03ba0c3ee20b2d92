import { isInRange } from '../core/address.ts'
import { functionFailed, isThenable, withDeadline } from '../core/limit.ts'
import type { LimitConnError } from '../errors.ts'
import { addressOf, type AddressSource } from '../key/ip.ts'
import type { Trust } from '../key/trust.ts'
import type { CompiledSettings } from '../options/settings.ts'
import type { SkipList } from '../options/skip.ts'

/** A request, or a socket. */
type Skipped = AddressSource & { readonly originalUrl?: string; readonly url?: string | undefined }

/** Whether a request or a socket is not to be counted, or why that is not known. */
export function skips(
  { skip, timeoutMs, trusts }: CompiledSettings<object>,
  source: Skipped,
): boolean | LimitConnError | Promise<boolean | LimitConnError> {
  try {
    if (typeof skip !== 'function') return isListed(skip, source, trusts[0])
    const answer: unknown = skip(source as never)
    if (!isThenable(answer)) return Boolean(answer)
    return withDeadline(Promise.resolve(answer).then(Boolean), timeoutMs, 'options.skip')
  } catch (cause) {
    return functionFailed('options.skip', cause)
  }
}

function isListed({ paths, ranges }: SkipList, source: Skipped, trust: Trust | undefined): boolean {
  if (paths.size > 0 && paths.has(pathOf(source.originalUrl ?? source.url ?? ''))) return true
  if (ranges.length === 0) return false
  const address = addressOf(source, trust)
  return address !== undefined && ranges.some((range) => isInRange(address, range))
}

/** The path of a request target as it was sent, undecoded. @see RFC 9112 section 3.2, origin-form and absolute-form */
function pathOf(target: string): string {
  const origin = target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i, '')
  return origin.replace(/[?#].*$/s, '') || '/'
}
