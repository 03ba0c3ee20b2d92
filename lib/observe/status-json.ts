import type { Advice } from '../core/advice.ts'
import { limitsOn } from '../core/sharing.ts'
import type { TopKey } from '../core/top.ts'
import type { Zone } from '../core/zone.ts'

/** A zone as it is sent: its statistics in nginx's words, and what is configured. */
export function zoneJson(zone: Zone): object {
  const limits = limitsOn(zone).map(({ limit, isDryRun }) => {
    return { limit: typeof limit === 'number' ? limit : null, dry_run: isDryRun }
  })
  const stats = inSnakeCase(zone.stats()) as object
  return { ...stats, max: zone.max, shared: zone.share !== undefined, limits }
}

/** Zones by their names. */
export function zonesJson(zones: readonly Zone[]): object {
  return Object.fromEntries(zones.map((zone) => [zone.name, zoneJson(zone)]))
}

/** The keys with the most slots, as people may see them. */
export function keysJson(zone: Zone, n?: number): object[] {
  return zone.top(n).map(keyJson)
}

function keyJson({ shown, kind, active, peak, rejected, rejectedDryRun, ...since }: TopKey): object {
  const counts = { active, peak, rejected, rejected_dry_run: rejectedDryRun }
  return { key: shown, kind, ...counts, oldest_ms: since.oldestMs, idle_since_ms: since.idleSinceMs }
}

/** An advice, in the words of the rest. */
export function adviceJson(advice: Advice): object {
  return inSnakeCase(advice) as object
}

/** What an event of the stream tells. */
export function eventJson(zones: readonly Zone[], mayChange: boolean): object {
  const shown = zones.map((zone) => [zone.name, { ...zoneJson(zone), top: keysJson(zone, 10) }])
  return { now_ms: Date.now(), may_change: mayChange, zones: Object.fromEntries(shown) }
}

/** A copy whose names are written_so. Only for what has names of ours: texts stay as they are. */
function inSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSnakeCase)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [snake(name), inSnakeCase(each)]))
}

/** `rejectedDryRun` is `rejected_dry_run`. */
export function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
