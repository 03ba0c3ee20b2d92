import type { KeyRecord } from './record.ts'

/** One line of `Zone.top`. */
export interface TopKey {
  readonly key: string
  readonly kind: 'address' | 'text' | 'hash'
  readonly active: number
  readonly peak: number
  readonly rejected: number
  /** Of an idle key: when its last slot was given back, in milliseconds since 1970. */
  readonly idleSinceMs?: number
}

const kinds = { a: 'address', t: 'text', h: 'hash' } as const

/** The records with the most slots, then with the highest peak. */
export function topOf(records: readonly KeyRecord[], n: number): TopKey[] {
  return records
    .toSorted((a, b) => b.active - a.active || b.peak - a.peak)
    .slice(0, n)
    .map(readable)
}

function readable({ key, active, peak, rejected, idleSinceMs }: KeyRecord): TopKey {
  const top = { key: key.slice(2), kind: kinds[key[0] as keyof typeof kinds], active, peak, rejected }
  return active === 0 ? { ...top, idleSinceMs } : top
}
