import { First } from './first.ts'
import type { KeyRecord } from './record.ts'
import { showKey, type Showing } from './shown.ts'

/** One line of `Zone.top`. */
export interface TopKey {
  readonly key: string
  /** The key as people may see it: hashed, unless it is an address or the zone reveals it. */
  readonly shown: string
  readonly kind: 'address' | 'text' | 'hash'
  readonly active: number
  readonly peak: number
  readonly rejected: number
  readonly rejectedDryRun: number
  /** Of a live key: how long its oldest slot has been taken, in milliseconds. */
  readonly oldestMs?: number
  /** Of an idle key: when its last slot was given back, in milliseconds since 1970. */
  readonly idleSinceMs?: number
}

const kinds = { a: 'address', t: 'text', h: 'hash' } as const

/** The records with the most slots, then with the highest peak. */
export function topOf(
  records: Iterable<KeyRecord>,
  { n, showing }: { readonly n: number; readonly showing: Showing },
): TopKey[] {
  const first = new First<KeyRecord>(n, (a, b) => b.active - a.active || b.peak - a.peak)
  for (const record of records) first.add(record)
  return first.items.map((record) => readable(record, showing))
}

function readable(record: KeyRecord, showing: Showing): TopKey {
  const { key, active, peak, rejected, rejectedDryRun, idleSinceMs, oldest } = record
  const kind = kinds[key[0] as keyof typeof kinds]
  const counts = { active, peak, rejected, rejectedDryRun }
  const top = { key: key.slice(2), shown: showKey(key, showing), kind, ...counts }
  return oldest
    ? { ...top, oldestMs: Math.round(performance.now() - oldest.sinceMs) }
    : { ...top, idleSinceMs }
}
