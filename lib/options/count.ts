import type { Limit } from '../core/limit.ts'
import { invalid } from './check.ts'

/** Options on requests, as far as it matters what holds a slot. */
interface Counting {
  readonly count: 'auto' | 'connections' | 'requests'
  readonly limits: readonly Limit[]
  readonly queue?: unknown
}

/** Throws for what can never happen with what is counted. */
export function checkCount({ count, limits, queue }: Counting): void {
  const evicting = limits.find(({ onLimit }) => onLimit !== 'reject')
  if (count === 'requests' && evicting) {
    const accepted = '"reject" with count: "requests": connections make room, requests do not'
    throw invalid(`${evicting.path}.onLimit`, evicting.onLimit, accepted)
  }
  const shared = limits.find(({ zone }) => zone.share)
  if (queue && shared) {
    const accepted = `false, for zone "${shared.zone.name}" is shared with other processes: nobody tells when a slot is free there`
    throw invalid('options.queue', queue, accepted)
  }
  if (count === 'connections' && queue) {
    throw invalid(
      'options.queue',
      queue,
      'false with count: "connections": requests wait only where they are counted, count: "requests"',
    )
  }
}
