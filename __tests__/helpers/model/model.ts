import type { ReleaseCause } from '../../../lib/core/channels.ts'
import { noTallies } from '../../../lib/core/stats.ts'
import type { ModelSlot, Party, Place, Plea, Vessel } from './party.ts'
import { ModelZone, without, type Answer, type Bound, type Bounds, type Key, type Rule } from './rules.ts'

type Finding = 'admitted' | 'room' | 'over' | 'full' | 'crowded'

/** What a limit found. */
export interface Look {
  readonly bound: Bound
  readonly place: Place
  readonly finding: Finding
}

/** Zones as the design tells them. Slots stand in one list, in the order in which they were taken: counts are counted. */
export class Model {
  readonly zones: readonly ModelZone[]
  readonly slots: ModelSlot[] = []
  readonly closed = new Set<Vessel>()
  /** Those that have ended without a word. */
  readonly lost = new Set<Vessel>()
  /** The connection that ends when a vessel is closed. */
  readonly aboard = new Map<Vessel, Party>()
  /** What there is to be told of what has happened. */
  readonly news: string[] = []
  /** Is told when a slot was given back, and when a party has ended. */
  freed: (place: Place) => void = () => undefined
  left: (party: Party) => void = () => undefined
  readonly #places = new Map<string, Place>()
  readonly #names = new Map<Rule, string>()

  constructor(bounds: readonly Bounds[]) {
    this.zones = bounds.map((each) => new ModelZone(each))
  }

  place(zone: number, key: Key): Place {
    const name = `${zone} ${key}`
    if (!this.#places.has(name)) this.#places.set(name, { zone, key })
    return this.#places.get(name)!
  }

  at(place: Place): ModelSlot[] {
    return this.slots.filter((slot) => slot.place === place)
  }

  activeIn(zone: number): number {
    return this.slots.filter(({ place }) => place.zone === zone).length
  }

  /** Slots of those that have ended without a word. */
  goneIn(zone: number): number {
    return this.slots.filter(({ place, party }) => place.zone === zone && this.isGone(party)).length
  }

  /** Finds out who of a connection has ended. */
  sweep(connection: Party): void {
    if (connection.isEnded) return
    for (const child of connection.children.toReversed()) if (this.isGone(child)) this.end(child)
    if (this.isGone(connection)) this.end(connection)
  }

  isGone({ vessel, parent }: Party): boolean {
    return vessel
      ? this.lost.has(vessel) || this.closed.has(vessel)
      : parent !== undefined && this.isGone(parent)
  }

  /** Lets somebody in, or answers with what refuses it. */
  tryToEnter(plea: Plea): Answer | Look {
    if (plea.holder.isEnded || plea.request?.isEnded) return 'GONE'
    const victims = this.#victims(plea)
    if (!victims) return this.looks(plea).find((look) => this.isRefusal(look))!

    for (const [bound, place] of plea.asks) if (!place) this.zones[bound.zone]!.tallies.skipped++
    for (const [victim, zone] of victims) this.#endFor(victim, zone, 'evicted')
    const answer = this.#admit(plea)
    for (const victim of victims.keys()) this.#close(victim)
    return answer
  }

  refuse({ rule, holder }: Plea, { place, finding }: Look): Answer {
    const tally = finding === 'full' ? 'exhausted' : 'rejected'
    this.#tell(rule, holder, [place, tally])
    return 'REJECTED'
  }

  looks(plea: Plea): Look[] {
    return plea.asks.flatMap(([bound, place]) => {
      return place ? [{ bound, place, finding: this.look(plea, bound, place) }] : []
    })
  }

  look({ rule, holder }: Plea, bound: Bound, place: Place): Finding {
    const slots = this.at(place)
    const own = slots.find(({ party }) => party === holder)
    if (own) return own.admitted.has(bound) ? 'admitted' : slots.length > bound.limit ? 'over' : 'room'

    const inZone = this.slots.filter((slot) => slot.party === holder && slot.place.zone === place.zone)
    const staying = inZone.filter((slot) => holder.wants(slot.place, bound)).length
    if (staying > 0 && staying + 1 > rule.maxKeys) return 'crowded'
    const { live, bounds } = this.zones[place.zone]!
    if (slots.length === 0 && live.length >= bounds.max) return 'full'
    return slots.length >= bound.limit ? 'over' : 'room'
  }

  isRefusal({ bound, finding }: Look): boolean {
    if (bound.dryRun || finding === 'admitted' || finding === 'room') return false
    return finding !== 'full' || this.zones[bound.zone]!.bounds.onFull === 'reject'
  }

  end(party: Party, cause: ReleaseCause = 'ended'): void {
    if (party.isEnded) return
    party.isEnded = true
    for (const child of party.children.toReversed()) this.end(child, cause)

    const needed = party.parent?.needs.get(party) ?? []
    party.parent?.needs.delete(party)
    // A connection that is still there has shown another key, or would keep it.
    const why = party.parent?.isEnded ? cause : 'moved'
    for (const place of needed) this.#release(party.parent!, place, why)
    party.latest.clear()
    for (const { place } of this.slots.filter((slot) => slot.party === party))
      this.#release(party, place, cause)
    this.left(party)
  }

  reset(zone: number): void {
    this.zones[zone]!.peak = this.activeIn(zone)
    Object.assign(this.zones[zone]!.tallies, noTallies())
  }

  /** Gives back what a rule let somebody in for, where nobody else needs it. */
  disclaim({ bounds }: Rule, party: Party): void {
    for (const bound of bounds) party.latest.delete(bound)
    for (const { place, admitted } of this.slots.filter((slot) => slot.party === party)) {
      for (const bound of bounds) admitted.delete(bound)
      this.#release(party, place, 'released')
    }
  }

  kick(place: Place): number {
    const found = new Set(this.at(place).map(({ party }) => party))
    const kicked = [...found].filter((party) => this.#endFor(party, place.zone, 'kicked'))
    for (const party of kicked) this.#close(party)
    return kicked.length
  }

  /** Closes the newest of a limit beyond it. */
  trim(bound: Bound): void {
    for (const key of this.zones[bound.zone]!.live.slice()) {
      const place = this.place(bound.zone, key)
      for (const { party, admitted } of this.at(place).toReversed()) {
        if (this.at(place).length <= bound.limit) break
        if (admitted.has(bound) && this.#endFor(party, bound.zone, 'trimmed')) this.#close(party)
      }
    }
  }

  /** Whom to close to let somebody in, one after the other until there is room; undefined if that does not help. */
  #victims(plea: Plea): Map<Party, number> | undefined {
    const refusals = this.looks(plea).filter((look) => this.isRefusal(look))
    const victims = new Map<Party, number>()
    const { vessel } = plea.holder
    if (refusals.length > 0 && !vessel?.isOwn) return undefined

    for (const { bound, place, finding } of refusals) {
      if (finding !== 'over' || bound.onLimit === 'reject') return undefined
      const staying = this.at(place).map(({ party }) => party)
      for (const party of [plea.holder, ...victims.keys()]) without(staying, party)
      while (staying.length >= bound.limit) {
        const candidates = staying.filter(({ vessel: own }) => own?.isOwn && own !== vessel)
        const [next] = bound.onLimit === 'evict-idle' ? candidates.toSorted(byIdleness) : candidates
        if (!next) return undefined
        without(staying, next)
        victims.set(next, bound.zone)
      }
    }
    return victims
  }

  #endFor(party: Party, zone: number, cause: 'evicted' | 'kicked' | 'trimmed'): boolean {
    if (!party.vessel || party.isEnded) return false
    this.zones[zone]!.tallies[cause]++
    this.news.push(`z${zone} closed: ${cause}`)
    this.end(party, cause)
    return true
  }

  /** The last of it: what else came over the same vessel ends too. */
  #close({ vessel }: Party): void {
    this.closed.add(vessel!)
    const connection = this.aboard.get(vessel!)
    if (connection) this.end(connection)
  }

  #admit(plea: Plea): Answer {
    const looks = this.looks(plea)
    if (looks.length === 0) return undefined
    const answers = looks.map((look) => this.#take(plea, look))

    // The new slots are taken before older ones are given back: for a moment the holder has both.
    const { holder } = plea
    for (const { place } of this.slots.filter(({ party }) => party === holder))
      this.#release(holder, place, 'moved')
    return answers.includes('REJECTED_DRY_RUN') ? 'REJECTED_DRY_RUN' : 'PASSED'
  }

  #take({ rule, holder, request }: Plea, { bound, place, finding }: Look): Answer {
    const zone = this.zones[place.zone]!
    const tally = finding === 'room' ? 'passed' : finding === 'full' ? 'exhausted' : 'rejectedDryRun'
    if (finding !== 'admitted') this.#tell(rule, holder, [place, tally])
    const isPass = finding === 'room' || (finding === 'full' && zone.bounds.onFull === 'pass')
    const answer = bound.dryRun && !isPass ? 'REJECTED_DRY_RUN' : 'PASSED'
    if (finding === 'full' || finding === 'crowded') return answer

    holder.latest.set(bound, place.key)
    if (request) holder.needs.set(request, (holder.needs.get(request) ?? new Set()).add(place))
    const slot = this.at(place).find(({ party }) => party === holder) ?? this.#newSlot(holder, place)
    if (finding !== 'admitted') slot.admitted.set(bound, answer)
    return slot.admitted.get(bound)
  }

  #newSlot(party: Party, place: Place): ModelSlot {
    const [zone, slot] = [this.zones[place.zone]!, { place, party, admitted: new Map() }]
    if (this.at(place).length === 0) zone.live.push(place.key)
    this.slots.push(slot)
    zone.peak = Math.max(zone.peak, this.activeIn(place.zone))
    return slot
  }

  /** Gives a slot back that nobody needs any more. */
  #release(party: Party, place: Place, cause: ReleaseCause): void {
    const slot = this.at(place).find((each) => each.party === party)
    if (!slot || party.wants(place)) return
    without(this.slots, slot)
    this.news.push(`z${place.zone} ${place.key} given back: ${cause}`)
    if (this.at(place).length === 0) without(this.zones[place.zone]!.live, place.key)
    this.freed(place)
  }

  #tell(rule: Rule, party: Party, [place, tally]: readonly [Place, keyof ModelZone['tallies']]): void {
    if (!this.#names.has(rule)) this.#names.set(rule, `rule ${this.#names.size}`)
    if (!party.isNews(this.#names.get(rule)!, place.zone, tally)) return
    this.zones[place.zone]!.tallies[tally]++
    this.news.push(`z${place.zone} ${place.key} ${tally}`)
  }
}

function byIdleness({ vessel: a }: Party, { vessel: b }: Party): number {
  const busy = Number(a!.state === 'busy') - Number(b!.state === 'busy')
  return busy || (a!.quietSinceMs < b!.quietSinceMs ? -1 : Number(a!.quietSinceMs > b!.quietSinceMs))
}
