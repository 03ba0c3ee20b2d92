import { deepStrictEqual } from 'node:assert/strict'
import type { ReleaseCause, Zone, ZoneStats } from '../../lib/index.ts'
import type { Events } from './ear.ts'
import { clients, type Ruling, type Setting } from './events.ts'

/** A zone, and what is to be known to understand what is told of it. */
export interface Subject {
  readonly zone: Zone
  /** The limit that is in force. */
  readonly limit: number
  readonly ruling: Ruling & Partial<Setting['guard'] & Setting['requests']>
  /** How its keys are shown. */
  readonly shown: RegExp
  /** Whoever is in has one slot, and keeps it until it ends. */
  readonly isOneEach: boolean
}

export const causes = ['evicted', 'kicked', 'trimmed', 'expired', 'idled', 'drained'] as const
const counted = ['passed', 'rejected', 'rejectedDryRun', 'exhausted', 'queued', ...causes] as const
const releases = [...causes, 'ended', 'moved', 'released'] as const
type Hears = { readonly [N in keyof Events]: (event: Events[N]) => string | undefined }

/** What was told of one zone, held to what it counts and to what it holds. Who hears an event answers what is wrong with it. */
export class Heard implements Hears {
  readonly subject: Subject
  readonly #bornMs = performance.now()
  readonly #told = zeros(counted)
  readonly #released = zeros(releases)
  /** By what was told: since when the slots under each key are taken. */
  readonly #taken = new Map<string, number[]>()
  /** Keys, as they were shown. */
  readonly #keys = new Set<string>()
  /** Something was told since it was looked at. */
  #isNew = false

  constructor(subject: Subject) {
    this.subject = subject
  }

  passed({ key, limit, active }: Events['passed']): string | undefined {
    if (active > limit) return 'above the limit'
    this.#told.passed++
    return this.#check(key, limit) ?? this.#take(key)
  }

  rejected({ key, limit, active, dryRun }: Events['rejected']): string | undefined {
    const { ruling } = this.subject
    if (dryRun !== ruling.dryRun) return 'dry, or not dry'
    // Who comes behind those that wait is refused, also where there is room for the first of them by now.
    if (active < limit + Number(dryRun) && !ruling.queue) return 'below the limit'
    this.#told[dryRun ? 'rejectedDryRun' : 'rejected']++
    return this.#check(key, limit) ?? (dryRun ? this.#take(key) : undefined)
  }

  exhausted(): string {
    return 'there is room for all keys'
  }

  queued({ waiting }: Events['queued']): string | undefined {
    const { queue } = this.subject.ruling
    this.#told.queued++
    return queue && waiting <= queue.max ? undefined : 'more wait than may'
  }

  closed({ cause }: Events['closed']): undefined {
    this.#told[cause]++
  }

  released({ key, ageMs, cause }: Events['released']): string | undefined {
    this.#released[cause]++
    const { ruling, isOneEach, shown } = this.subject
    this.#keys.add(key)
    if (!shown.test(key)) return 'no such key'
    if (cause === 'expired' && ageMs < Number(ruling.maxLifetimeMs ?? 0)) return 'it was not open for so long'
    if (cause === 'idled' && ageMs < Number(ruling.maxIdleMs ?? 0)) return 'it was not silent for so long'
    const sinceMs = performance.now() - ageMs
    // A slot is taken at a whole millisecond.
    if (sinceMs < Math.trunc(this.#bornMs)) return 'older than the world'
    if (!isOneEach) return undefined

    this.#isNew = true
    if (cause === 'moved') return 'it keeps its slot'
    const taken = this.#taken.get(key) ?? []
    const index = taken.indexOf(Math.round(sinceMs))
    return index < 0 ? 'no slot was taken then' : void taken.splice(index, 1)
  }

  /** How often this was told. */
  told(what: (typeof counted)[number]): number {
    return this.#told[what]
  }

  /** Slots of which it was told that they were given back for one of these causes. */
  gaveBack(...ofThese: readonly ReleaseCause[]): number {
    return ofThese.reduce((sum, cause) => sum + this.#released[cause], 0)
  }

  /**
   * All that was counted was told, and nothing else. The application has seen so many be let in: of those who wait, one may be
   * closed in the turn in which its slot was taken.
   */
  check(stats: ZoneStats, seen: number): void {
    const { zone, isOneEach, ruling } = this.subject
    for (const what of counted)
      if (this.#told[what] !== stats[what])
        throw new Error(`${zone.name}: "${what}" was told ${this.#told[what]} times of ${stats[what]}`)

    const taken = isOneEach ? stats.passed + stats.rejectedDryRun : seen
    if (ruling.queue ? taken < seen : taken !== seen)
      throw new Error(`${zone.name}: ${taken} were let in, and ${seen} seen`)
    const free = this.gaveBack(...releases)
    if (taken - free !== stats.active)
      throw new Error(
        `${zone.name}: of ${taken} slots ${free} were told to be free, and ${stats.active} are taken`,
      )
    // Whatever was closed had a slot here.
    for (const cause of causes)
      if (this.#released[cause] < stats[cause])
        throw new Error(
          `${zone.name}: ${stats[cause]} were ${cause}, and ${this.#released[cause]} slots by that`,
        )

    if (!isOneEach || !this.#isNew) return
    this.#isNew = false
    for (const { shown, active } of zone.top(clients.length))
      if (active !== (this.#taken.get(shown)?.length ?? 0))
        throw new Error(`${zone.name}: ${active} slots are taken under ${shown}, and not what was told`)
  }

  /** Nobody is there: the advice is made from all that came, and they came under the keys that the zone remembers. */
  checkArrivals(): void {
    const { zone } = this.subject
    const keys = zone.top(clients.length).map(({ shown }) => shown)
    deepStrictEqual([zone.name, ...[...this.#keys].toSorted()], [zone.name, ...keys.toSorted()])
    const arrivals = this.gaveBack(...releases) + this.#told.rejected
    deepStrictEqual([zone.name, zone.advise({ top: 0 }).arrivals], [zone.name, arrivals])
  }

  #check(key: string, limit: number): string | undefined {
    this.#keys.add(key)
    if (!this.subject.shown.test(key)) return 'no such key'
    return limit === this.subject.limit ? undefined : `the limit is ${this.subject.limit}`
  }

  #take(key: string): undefined {
    this.#isNew = true
    const taken = this.#taken.get(key)
    const sinceMs = Math.trunc(performance.now())
    if (taken) taken.push(sinceMs)
    else this.#taken.set(key, [sinceMs])
  }
}

function zeros<T extends string>(names: readonly T[]): Record<T, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<T, number>
}
