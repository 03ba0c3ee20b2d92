import type { Carrier } from '../../../lib/core/carrier.ts'
import type { Answer, Bound, Key, Rule } from './rules.ts'

/** What carries a party, as the steps of a run set it. */
export type Vessel = Pick<Carrier, 'isOwn' | 'state' | 'quietSinceMs'>

/** A connection or a request of the model. The slots that it is to have follow from what it needs. */
export class Party {
  isEnded: boolean
  readonly parent: Party | undefined
  readonly vessel: Vessel | undefined
  readonly children: Party[] = []
  /** The last key that it showed to each limit which let it in. */
  readonly latest = new Map<Bound, Key>()
  /** The slots that an unfinished request needs. */
  readonly needs = new Map<Party, Set<Place>>()
  readonly #told = new Set<string>()

  constructor(parent?: Party, vessel?: Vessel) {
    this.parent = parent
    this.vessel = vessel
    this.isEnded = parent?.isEnded ?? false
    parent?.children.push(this)
  }

  /** Somebody needs the slot, this limit left out. */
  wants(place: Place, but?: Bound): boolean {
    const isLatest = ([bound, key]: [Bound, Key]): boolean => bound.zone === place.zone && key === place.key
    const others = [...this.latest].filter(([bound]) => bound !== but)
    return others.some(isLatest) || [...this.needs.values()].some((needed) => needed.has(place))
  }

  /** True once for each rule, zone and word. */
  isNews(rule: string, zone: number, word: string): boolean {
    const told = `${rule} ${zone} ${word}`
    return !this.#told.has(told) && Boolean(this.#told.add(told))
  }
}

/** A key of a zone: the same object for all who mean it. */
export interface Place {
  readonly zone: number
  readonly key: Key
}

/** A slot of the model, and what each limit that let its holder in said then. */
export interface ModelSlot {
  readonly place: Place
  readonly party: Party
  readonly admitted: Map<Bound, Answer>
}

/** Somebody asks a rule to be let in; with a request, that request needs the slots. */
export interface Plea {
  readonly rule: Rule
  readonly holder: Party
  readonly request: Party | undefined
  readonly asks: readonly (readonly [Bound, Place | undefined])[]
}
