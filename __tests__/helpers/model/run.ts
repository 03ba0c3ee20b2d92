import { deepStrictEqual } from 'node:assert/strict'
import { jest } from '@jest/globals'
import type { Holder } from '../../../lib/core/holder.ts'
import type { Evaluation } from '../../../lib/core/limit.ts'
import { Policy } from '../../../lib/core/policy.ts'
import type { Place as QueuePlace } from '../../../lib/core/queue.ts'
import { Zone } from '../../../lib/core/zone.ts'
import { mergeOptions } from '../../../lib/options/merge.ts'
import { middlewareConfig, type Compiled, type MiddlewareOptions } from '../../../lib/options/middleware.ts'
import type { Parcel } from '../carrier.ts'
import { Leases } from './leases.ts'
import { ModelLines, type Waiter } from './lines.ts'
import { Model } from './model.ts'
import { Order } from './order.ts'
import { aConnection, aRequest, lose, touch, type Pair } from './pairs.ts'
import type { Party, Plea } from './party.ts'
import { copyOf, keys, type Answer, type Bounds, type Keys, type Rule } from './rules.ts'
import { pick, type Step } from './steps.ts'
import { Sweeping } from './sweeping.ts'

/** A request that waits, as the real thing was asked; `place` once it is to ask again. */
interface Asked {
  readonly plea: Plea
  readonly keys: Keys
  readonly holder: Holder
  readonly place?: QueuePlace
}

/** The same steps taken by the model and by the real thing, side by side. */
export class Run {
  readonly zones: readonly Zone[]
  readonly rules: readonly Rule[]
  readonly policies: readonly Policy<MiddlewareOptions, Compiled>[]
  readonly model: Model
  readonly lines: ModelLines
  readonly connections: Pair[] = []
  readonly requests: Pair[] = []
  /** What became of those who asked, as it was told: by the real thing, and by the model. */
  readonly told: (readonly [number, Answer])[] = []
  readonly expected: (readonly [number, Answer])[] = []
  /** Those who are to ask again and take their time. */
  readonly #asking: [Asked, Waiter][] = []
  readonly #order = new Order()
  readonly #sweeping = new Sweeping()
  readonly #leases: Leases
  readonly #ids = new Map<Plea, number>()
  /** The highest limit that was in force in each zone; Infinity after a dry run. */
  readonly #highest: number[]

  constructor(bounds: readonly [Bounds, Bounds], rules: readonly Rule[]) {
    // Those of a run that has failed.
    jest.clearAllTimers()
    this.zones = bounds.map((each, index) => new Zone({ name: `z${index}`, reveal: true, ...each }))
    this.rules = rules.map(copyOf)
    this.model = new Model(bounds)
    this.#leases = new Leases(this.model)
    this.lines = new ModelLines(this.model, (plea, answer) => {
      this.expected.push([this.#ids.get(plea)!, answer])
    })
    this.policies = this.rules.map((rule) => {
      const rest = { maxKeysPerConnection: rule.maxKeys, logLevel: false, queue: rule.queue }
      return new Policy({ limits: this.#limitsOf(rule), ...rest }, middlewareConfig)
    })
    this.#highest = bounds.map(() => 0)
    this.#note()
  }

  async step(step: Step): Promise<void> {
    const [rule, policy] = [pick(this.rules, step.rule)!, pick(this.policies, step.rule)!]
    const [pair, asker] = [pick(this.connections, step.which), pick(this.requests, step.which)]

    if (step.what === 'connect') this.#connect(step)
    if (step.what === 'arrive') this.#ask(step, this.#request(this.#connect(step), step))
    if (step.what === 'request' && pair) this.#ask(step, this.#request(pair, step))
    if (step.what === 'again' && asker) this.#ask(step, asker)
    if (step.what === 'finish' && asker) this.#end(asker)
    if (step.what === 'close' && pair) this.#end(pair)
    if (step.what === 'touch' && pair) touch(pair, step)
    if (step.what === 'lose' && pair) lose(this.model, (step.isCalm && asker) || pair)
    const holding = rule.unit === 'requests' ? asker : pair
    if (step.what === 'release' && holding) this.#leases.release(holding, [rule, policy])
    if (step.what === 'sweep') await this.#sweep()
    if (step.what === 'kick') this.#kick(step)
    if (step.what === 'reset') this.#reset(step)
    if (step.what === 'limit') this.#limit(step, rule, policy)
    if (step.what === 'queue') this.#queue(step, rule, policy)
    if (step.what === 'answer') this.#answer(step)
    if (step.what === 'elapse') this.#elapse(step.number)
    if (step.what === 'stop') {
      policy.stopWaiting()
      this.lines.stop(rule)
    }
    // The real thing calls those who wait by itself.
    if (step.what === 'tick') await this.#tick()
    this.check()
  }

  async closeAll(): Promise<void> {
    for (const connection of this.connections) this.#end(connection)
    await this.#tick()
    await this.#sweep()
    while (this.#asking.length > 0) this.#answer({ which: 0 })
    this.check()
    const left = this.zones.map((zone) => [zone.stats().active, zone.stats().waiting, zone.queues.size])
    deepStrictEqual([...left.flat(), jest.getTimerCount()], [0, 0, 0, 0, 0, 0, 0])
  }

  check(): void {
    const { model, zones } = this
    const timers = this.lines.waiting.length + this.#sweeping.timers
    deepStrictEqual([this.told, jest.getTimerCount()], [this.expected, timers])
    for (const [index, zone] of zones.entries()) {
      const { tallies, peak, live } = model.zones[index]!
      const active = model.activeIn(index)
      const counts = keys.map((key) => model.at(model.place(index, key)).length)
      const waiting = this.lines.waiting.filter(({ look }) => look.place.zone === index).length
      const stats = zone.stats()
      const tallied = { ...tallies, forgotten: stats.forgotten }

      deepStrictEqual(
        keys.map((key) => zone.count({ text: key })),
        counts,
      )
      deepStrictEqual(stats, { ...tallied, waiting, keys: live.length, active, peak })
      const gone = model.goneIn(index)
      deepStrictEqual(zone.audit(), { active, found: active, gone, stalled: 0, isClean: gone === 0 })
      deepStrictEqual(Math.max(...counts) > this.#highest[index]!, false)
    }
    for (const [{ vessel }] of this.connections)
      deepStrictEqual((vessel as Parcel | undefined)?.isClosed, vessel && model.closed.has(vessel))
  }

  /** After all were called, whoever stands first in its line finds no room: by the counts of the real thing. */
  #checkQuiet(): void {
    for (const { plea, look, number } of this.lines.waiting) {
      const { bound, place } = look
      const [first] = this.lines.line(plea.rule, place)
      if (first!.number !== number) continue
      const slot = this.model.at(place).find(({ party }) => party === plea.holder)
      const count = this.zones[place.zone]!.count({ text: place.key })
      deepStrictEqual([count >= bound.limit + (slot ? 1 : 0), plea.holder.isEnded], [true, false])
    }
  }

  async #tick(): Promise<void> {
    // Behind what was put there by now.
    await new Promise((resolve) => process.nextTick(resolve))
    this.lines.callAll()
    this.#checkQuiet()
  }

  #connect(step: Step): Pair {
    const pair = aConnection(this.model, step)
    this.#sweeping.watch(pair)
    this.connections.push(pair)
    return pair
  }

  #request(connection: Pair, step: Step): Pair {
    const pair = aRequest(connection, step)
    this.requests.push(pair)
    return pair
  }

  #end([party, holder]: Pair): void {
    holder.end()
    this.model.end(party)
  }

  async #sweep(): Promise<void> {
    await this.#tick()
    await this.#sweeping.run()
    for (const [party] of this.connections) this.model.sweep(party)
    await this.#tick()
  }

  #kick({ zone, keys: [key] }: Step): void {
    deepStrictEqual(this.zones[zone]!.kick({ text: key }), this.model.kick(this.model.place(zone, key)))
  }

  /** What has happened is forgotten, what is open and who waits is not. */
  #reset({ zone }: Step): void {
    this.zones[zone]!.reset()
    this.model.reset(zone)
  }

  #elapse(ms: number): void {
    jest.advanceTimersByTime(ms)
    this.lines.elapse(ms)
  }

  #limit({ number, isCalm, ...step }: Step, rule: Rule, policy: this['policies'][number]): void {
    const bound = pick(rule.bounds, step.which)!
    if (step.change === 'limit') bound.limit = number
    if (step.change === 'dryRun') bound.dryRun = !bound.dryRun
    if (step.change === 'onLimit') bound.onLimit = step.onLimit
    this.#note()
    policy.setConfig({ limits: this.#limitsOf(rule) }, mergeOptions, { closeExcess: isCalm })
    this.#restart(rule)
    if (isCalm) for (const each of rule.bounds) if (!each.dryRun) this.model.trim(each)
  }

  #queue({ number }: Step, rule: Rule, policy: this['policies'][number]): void {
    if (rule.unit === 'connections') return
    rule.queue = number > 3 ? false : { max: number, timeoutMs: 9 }
    policy.setConfig({ queue: rule.queue }, mergeOptions)
    this.#restart(rule)
  }

  /** The model does as the real thing has done: all ask again, at once or later. */
  #restart(rule: Rule): void {
    for (const waiter of this.lines.takeAll(rule)) {
      if (rule.isSlow) this.#asking.find(([{ plea }]) => plea === waiter.plea)![1] = waiter
      else this.lines.ask(waiter.plea, waiter)
    }
  }

  /** One of those who ask again has found out who it is. */
  #answer({ which }: Pick<Step, 'which'>): void {
    const found = pick(this.#asking, which)
    if (!found) return
    const [asked, waiter] = found
    this.#asking.splice(this.#asking.indexOf(found), 1)
    this.#enter(asked)
    this.lines.ask(asked.plea, waiter)
  }

  #ask({ rule: ruleIndex, keys: shown }: Step, [party, request]: Pair): void {
    const rule = pick(this.rules, ruleIndex)!
    const isOfRequest = rule.unit === 'requests'
    const holder = isOfRequest ? party : party.parent!
    if (this.#isInLine(rule, party)) return

    const asks = rule.bounds.map((bound, index) => {
      const key = shown[index % 2]!
      return [bound, key === '' ? undefined : this.model.place(bound.zone, key)] as const
    })
    const plea: Plea = { rule, holder, request: isOfRequest ? undefined : party, asks }
    this.#ids.set(plea, this.#ids.size)
    if (isOfRequest) this.#enter({ plea, keys: shown, holder: request })
    else this.#count(plea, shown, request)
    this.lines.ask(plea)
  }

  #isInLine(rule: Rule, party: Party): boolean {
    const inLine = [...this.lines.waiting, ...this.#asking.map(([asked]) => asked)]
    return inLine.some(({ plea }) => plea.rule === rule && plea.holder === party)
  }

  /** A request asks to be let in, and may wait for it. */
  #enter(asked: Asked): void {
    const { plea, holder, place, keys: shown } = asked
    const id = this.#ids.get(plea)!
    const policy = this.policies[this.rules.indexOf(plea.rule)]!
    const evaluation = policy.evaluate([{ shown }]) as Evaluation
    const what = `${this.rules.indexOf(plea.rule)} ${shown.join()}`
    // One that has a slot by now may not have to wait for another.
    let isWaiting = holder.slots.length === 0
    policy.enterInTurn({
      holder,
      evaluation,
      place,
      decided: ({ decision }) => {
        this.told.push([id, decision.status])
        if (decision.passed && isWaiting) this.#order.checkEntry(id, what)
        this.#order.leave(id)
        isWaiting = false
      },
      askAgain: (kept) => {
        const again = { ...asked, place: kept }
        this.#order.leave(id)
        if (plea.rule.isSlow) this.#asking.push([again, undefined as unknown as Waiter])
        else this.#enter(again)
      },
    })
    if (isWaiting) this.#order.join(id, what, holder)
  }

  /** A connection asks to be let in for a request of it. */
  #count(plea: Plea, shown: Keys, request: Holder): void {
    const policy = this.policies[this.rules.indexOf(plea.rule)]!
    const [, connection] = this.connections.find(([party]) => party === plea.holder)!
    const { decision } = policy.enter(connection, policy.evaluate([{ shown }]) as Evaluation, request)
    deepStrictEqual(decision.passed, decision.status !== 'GONE' && decision.status !== 'REJECTED')
    this.told.push([this.#ids.get(plea)!, decision.status])
  }

  #limitsOf({ bounds }: Rule): object[] {
    return bounds.map(({ zone, ...rest }, index) => {
      return { ...rest, zone: this.zones[zone]!, key: ({ shown }: { shown: Keys }) => shown[index % 2] }
    })
  }

  #note(): void {
    for (const { zone, limit, dryRun } of this.rules.flatMap(({ bounds }) => bounds))
      this.#highest[zone] = Math.max(this.#highest[zone]!, dryRun ? Infinity : limit)
  }
}
