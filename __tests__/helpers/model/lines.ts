import type { Look, Model } from './model.ts'
import type { Party, Place, Plea } from './party.ts'
import { without, type Answer, type Rule } from './rules.ts'

/** Somebody who waits, or is to ask again. */
export interface Waiter {
  readonly plea: Plea
  readonly number: number
  readonly untilMs: number
  /** When its timer rings, and which rings first of two. */
  readonly rings: readonly [atMs: number, number]
  look: Look
}

/** Tells what became of somebody. */
export type Decided = (plea: Plea, answer: Answer) => void

/** Those who wait, in the order in which they began to, whatever they wait for. */
export class ModelLines {
  readonly waiting: Waiter[] = []
  readonly #model: Model
  readonly #decided: Decided
  readonly #stopped = new Set<Rule>()
  /** The lines in which something was given back, rule by rule. */
  readonly #woken = new Map<Rule, Set<Place>>()
  nowMs = 0
  #next = 0
  #timers = 0

  constructor(model: Model, decided: Decided) {
    this.#model = model
    this.#decided = decided
    model.freed = (place) => this.#free(place)
    model.left = (party) => this.#leave(party)
  }

  line(rule: Rule, place: Place): Waiter[] {
    const line = this.waiting.filter(({ plea, look }) => plea.rule === rule && look.place === place)
    return line.toSorted((a, b) => a.number - b.number)
  }

  /** Somebody asks, for the first time or again; where it may not wait, it is refused. */
  ask(plea: Plea, before?: Waiter): void {
    if (plea.holder.isEnded || plea.request?.isEnded) return this.#decided(plea, 'GONE')
    this.callAll()
    const look = this.#behind(plea, before?.number) ?? this.#model.tryToEnter(plea)
    if (!isLook(look)) return this.#decided(plea, look)
    if (!this.#wait(plea, look, before)) this.#decided(plea, this.#model.refuse(plea, look))
  }

  /** Calls those who may go in, line by line as they were woken. */
  callAll(): void {
    for (const [rule, places] of this.#woken) {
      for (const place of places) {
        places.delete(place)
        this.#call(rule, place)
      }
      if (places.size === 0) this.#woken.delete(rule)
    }
  }

  /** The options of a rule have changed: returns those who are to ask again. */
  takeAll(rule: Rule): Waiter[] {
    const all = this.waiting.filter(({ plea }) => plea.rule === rule).toSorted((a, b) => a.number - b.number)
    for (const waiter of all) this.#remove(waiter)
    return all
  }

  stop(rule: Rule): void {
    this.#stopped.add(rule)
    for (const waiter of this.takeAll(rule)) this.#refuse(waiter)
  }

  /** Time goes by: those who have waited for long enough are refused. */
  elapse(ms: number): void {
    this.nowMs += ms
    const late = this.waiting.filter(({ rings }) => rings[0] <= this.nowMs)
    for (const waiter of late.toSorted(({ rings: a }, { rings: b }) => a[0] - b[0] || a[1] - b[1])) {
      this.#remove(waiter)
      this.#wake(waiter.plea.rule, waiter.look.place)
      this.#refuse(waiter)
    }
  }

  /** Somebody stands before it under one of its keys. */
  #behind(plea: Plea, number = Infinity): Look | undefined {
    const looks = this.#model.looks(plea).filter(({ finding }) => finding !== 'admitted')
    const behind = looks.find(({ place }) => (this.line(plea.rule, place)[0]?.number ?? Infinity) < number)
    return behind && { ...behind, finding: 'over' }
  }

  #wait(plea: Plea, look: Look, before: Waiter | undefined): boolean {
    const { queue } = plea.rule
    if (!queue || this.#stopped.has(plea.rule) || look.finding !== 'over') return false
    if (!before && this.line(plea.rule, look.place).length >= queue.max) return false

    const { number, untilMs } = before ?? { number: this.#next++, untilMs: this.nowMs + queue.timeoutMs }
    const rings = [Math.max(untilMs, this.nowMs + 1), this.#timers++] as const
    this.#add({ plea, number, untilMs, rings, look })
    if (before) return true
    const { zone } = look.place
    this.#model.zones[zone]!.tallies.queued++
    this.#model.news.push(`z${zone} ${this.line(plea.rule, look.place).length} wait`)
    return true
  }

  /** Nobody overtakes: where the first one has to stay, all stay. */
  #call(rule: Rule, place: Place): void {
    for (let [first] = this.line(rule, place); first; [first] = this.line(rule, place)) {
      const look = this.#lookAgain(first)
      if (isLook(look) && look.finding === 'over' && look.place === place) return
      this.#remove(first)
      if (!isLook(look)) this.#decided(first.plea, look)
      else if (look.finding === 'over') this.#add(Object.assign(first, { look }))
      else this.#refuse(Object.assign(first, { look }))
    }
  }

  #lookAgain({ plea, number }: Waiter): Answer | Look {
    if (this.#model.isGone(plea.holder)) return 'GONE'
    return this.#behind(plea, number) ?? this.#model.tryToEnter(plea)
  }

  #refuse({ plea, look }: Waiter): void {
    this.#decided(plea, this.#model.refuse(plea, look))
  }

  #add(waiter: Waiter): void {
    const { waitedFor } = this.#model.zones[waiter.look.place.zone]!
    if (!waitedFor.includes(waiter.plea.rule)) waitedFor.push(waiter.plea.rule)
    this.waiting.push(waiter)
  }

  #remove(waiter: Waiter): void {
    const { zone } = waiter.look.place
    without(this.waiting, waiter)
    const { rule } = waiter.plea
    const isWaitedFor = this.waiting.some(({ plea, look }) => plea.rule === rule && look.place.zone === zone)
    if (!isWaitedFor) without(this.#model.zones[zone]!.waitedFor, rule)
  }

  #leave(party: Party): void {
    for (const waiter of this.waiting.filter(({ plea }) => plea.holder === party)) {
      this.#remove(waiter)
      this.#wake(waiter.plea.rule, waiter.look.place)
    }
  }

  #free(place: Place): void {
    for (const rule of this.#model.zones[place.zone]!.waitedFor) this.#wake(rule, place)
  }

  #wake(rule: Rule, place: Place): void {
    if (this.line(rule, place).length === 0) return
    if (!this.#woken.has(rule)) this.#woken.set(rule, new Set())
    this.#woken.get(rule)!.add(place)
  }
}

export function isLook(answer: Answer | Look): answer is Look {
  return typeof answer === 'object'
}
