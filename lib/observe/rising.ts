import { noTallies, type Tally, type ZoneStats } from '../core/stats.ts'
import type { Zone } from '../core/zone.ts'

export const tallies: readonly Tally[] = Object.keys(noTallies()) as Tally[]

/** The statistics of a zone, its name and its size. */
export type Reading = ZoneStats & Pick<Zone, 'name' | 'max'>

/** What was read of a zone last, and what it had counted before it was reset. */
interface Seen {
  readonly last: Readonly<Record<Tally, number>>
  readonly before: Record<Tally, number>
}

/**
 * Makes a reader of statistics for those who take a counter that falls for a new process: where a zone was reset since it was
 * read last, what it had counted by then is added.
 */
export function makeReader(): (zone: Zone) => Reading {
  const seenOf = new WeakMap<Zone, Seen>()

  return function read(zone) {
    const stats = zone.stats()
    const { last, before } = seenOf.get(zone) ?? { last: stats, before: noTallies() }
    // One that fell tells of all: others may have risen above what they were.
    if (tallies.some((name) => stats[name] < last[name]))
      for (const name of tallies) before[name] += last[name]

    seenOf.set(zone, { last: stats, before })
    const rising = Object.fromEntries(tallies.map((name) => [name, before[name] + stats[name]]))
    return { ...stats, ...rising, name: zone.name, max: zone.max }
  }
}
