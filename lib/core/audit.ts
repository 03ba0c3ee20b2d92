import type { KeyRecord } from './record.ts'

/** What a recount of a zone finds. */
export interface Audit {
  /** Slots that the zone says are taken. */
  readonly active: number
  /** Slots found, key by key. */
  readonly found: number
  /** Of these, slots whose holder has ended without Node telling: the sweep gives them back at once. */
  readonly gone: number
  /** Of these, slots of half-open holders and of such that nobody reads: given back after a grace time in silence. */
  readonly stalled: number
  /** The numbers agree, and nothing is held by a holder that is gone. */
  readonly isClean: boolean
}

/** Recounts the slots of a zone and asks each holder how it is. */
export function auditSlots(active: number, records: Iterable<KeyRecord>): Audit {
  let found = 0
  let gone = 0
  let stalled = 0
  let isEachRecordRight = true

  for (const record of records) {
    const before = found
    for (const { holder } of record.slots()) {
      found++
      const pulse = holder.pulse()
      if (pulse === 'gone') gone++
      if (pulse === 'stalled') stalled++
    }
    isEachRecordRight &&= found - before === record.active && record.active > 0
  }
  return { active, found, gone, stalled, isClean: isEachRecordRight && found === active && gone === 0 }
}
