import cluster from 'node:cluster'
import type { Limit } from '../core/limit.ts'
import type { Zone } from '../core/zone.ts'
import { traitsOf } from '../key/traits.ts'
import { trustAll } from '../key/trust.ts'
import type { Warner } from '../log/warner.ts'

/** Says what looks wrong in the options of a policy before anybody has come. */
export function warnAtStart(
  { limits }: { readonly limits: readonly Limit[] },
  warner: Warner,
  dryZone: Zone | undefined,
): void {
  const keys = limits.map(({ key }) => traitsOf(key))
  const enforced = limits.filter(({ isDryRun }) => !isDryRun).map(({ key }) => traitsOf(key))

  if (keys.some(({ trust }) => trust === trustAll)) warnOfTrust(warner, 'trustProxy: true')
  if (enforced.length > 0 && enforced.every(({ isUnchecked }) => isUnchecked)) {
    const advice = 'put it behind your authentication, or add a limit by address'
    warner.warn(
      'uncheckedKey',
      `the key is text of the client's choice, who may change it each time; ${advice}`,
    )
  }
  if (dryZone) {
    const advice = 'give the dry-run limit a zone of its own'
    warner.warn(
      'sharedDryRun',
      `zone "${dryZone.name}" is shared with a dry-run limit, whose slots count; ${advice}`,
    )
  }
  if (
    cluster.isWorker &&
    limits.some(({ zone, isDryRun }) => !zone.share && (!isDryRun || enforced.length === 0))
  ) {
    const advice =
      'share them with a ClusterZone of limit-conn/cluster, or divide the limit by the number of workers'
    warner.warn('severalProcesses', `each worker of a cluster counts by itself; ${advice}`)
  }
}

/**
 * Watches for a policy that is asked in the tick in which it was made: it was made for a request, and limits nothing.
 * Returns what is to be called when it is asked.
 */
export function watchMaking(warner: Warner, name: string): () => void {
  let isBeingMade = true
  queueMicrotask(() => (isBeingMade = false))

  return function warnIfJustMade(): void {
    if (!isBeingMade) return
    const advice =
      'if that is so for each request, each has a policy of its own and nothing is limited: call it once'
    warner.warn('builtPerRequest', `${name} was called inside a request handler; ${advice}`)
  }
}

/** Says what looks wrong where processes share their zones: that is known once they have asked there. */
export function warnOfStores(zones: readonly Zone[], warner: Warner): void {
  for (const { share } of zones) if (share?.warning !== undefined) warner.warn('eviction', share.warning)
}

/** Says that everything a client writes into X-Forwarded-For is believed. */
export function warnOfTrust(warner: Warner, setting: string): void {
  const advice = 'name your proxies, or give their number'
  warner.warn('trustProxy', `with ${setting} a client chooses its own address in X-Forwarded-For; ${advice}`)
}
