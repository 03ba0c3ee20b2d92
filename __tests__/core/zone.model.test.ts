import { deepStrictEqual } from 'node:assert/strict'
import { it } from '@jest/globals'
import * as fc from 'fast-check'
import type { Status } from '../../lib/core/decision.ts'
import { Holder } from '../../lib/core/holder.ts'
import type { Evaluation } from '../../lib/core/limit.ts'
import { Policy, type Parsed } from '../../lib/core/policy.ts'
import type { Source } from '../../lib/core/source.ts'
import { noTallies } from '../../lib/core/stats.ts'
import { Zone, type ZoneOptions } from '../../lib/core/zone.ts'
import { mergeOptions } from '../../lib/options/merge.ts'
import { limiterConfig, type SourceOptions } from '../../lib/options/policy.ts'

const numRuns = Number(process.env['LIMIT_CONN_RUNS'] ?? 2_000)
const keys = ['', 'a', 'b', 'c', '__proto__'] as const
type Key = (typeof keys)[number]
type Finding = 'admitted' | 'room' | 'over' | 'full' | 'crowded'

/** A policy of the model: one limit on the zone that all share. */
interface Rule {
  readonly unit: 'connections' | 'requests'
  readonly maxKeys: number
  limit: number
  dryRun: boolean
}

interface Step {
  readonly what: (typeof acts)[number]
  readonly key: Key
  /** Which policy, and which connection or request, modulo how many there are. */
  readonly rule: number
  readonly which: number
  readonly limit: number
}

type Bounds = Required<Omit<ZoneOptions, 'name'>>

/** A connection or a request of the model. The slots it has follow from what it needs. */
class Party {
  isEnded = false
  readonly parent: Party | undefined
  readonly children: Party[] = []
  readonly latest = new Map<Rule, Key>()
  /** Keys that an unfinished request needs. */
  readonly needs = new Map<Party, Set<Key>>()
  readonly admitted = new Map<Rule, Map<Key, Status>>()
  readonly told = new Map<Rule, Set<string>>()

  constructor(parent?: Party) {
    this.parent = parent
    this.isEnded = parent?.isEnded ?? false
    parent?.children.push(this)
  }

  get keys(): Set<Key> {
    return this.isEnded ? new Set() : new Set([...this.latest.values(), ...this.#needed()])
  }

  /** How many keys stay when the rule moves on. */
  staying(rule: Rule): number {
    const others = [...this.latest].filter(([owner]) => owner !== rule)
    return new Set([...others.map(([, key]) => key), ...this.#needed()]).size
  }

  end(): void {
    this.isEnded = true
    for (const child of this.children) child.end()
    this.parent?.needs.delete(this)
    this.parent?.forget()
  }

  /** An admission lasts as long as its slot. */
  forget(): void {
    for (const admitted of this.admitted.values())
      for (const key of admitted.keys()) if (!this.keys.has(key)) admitted.delete(key)
  }

  isNews(rule: Rule, word: string): boolean {
    const told = this.told.get(rule) ?? new Set()
    this.told.set(rule, told)
    return !told.has(word) && Boolean(told.add(word))
  }

  #needed(): Key[] {
    return [...this.needs.values()].flatMap((needed) => [...needed])
  }
}

/** The zone as the design tells it. Counts are not kept here: they are counted. */
class Model {
  readonly parties: Party[] = []
  readonly tallies = { passed: 0, rejectedDryRun: 0, skipped: 0, rejected: 0, exhausted: 0 }
  readonly bounds: Bounds
  peak = 0

  constructor(bounds: Bounds) {
    this.bounds = bounds
  }

  get counts(): number[] {
    return keys.map((key) => this.count(key))
  }

  count(key: Key): number {
    return this.parties.filter((party) => party.keys.has(key)).length
  }

  get active(): number {
    return this.counts.reduce((sum, count) => sum + count)
  }

  enter(rule: Rule, key: Key, [holder, request]: readonly [Party, Party?]): Status | undefined {
    if (holder.isEnded || request?.isEnded) return 'GONE'
    if (key === '') return void this.tallies.skipped++

    const before = holder.admitted.get(rule)?.get(key)
    const finding = before ? 'admitted' : this.#look(rule, key, holder)
    if (this.#isRefusal(rule, finding)) return this.#refuse(rule, holder, finding)

    const wouldPass = finding === 'room' || (finding === 'full' && this.bounds.onFull === 'pass')
    const isDry = rule.dryRun && !wouldPass
    const status = before ?? (isDry ? 'REJECTED_DRY_RUN' : 'PASSED')
    this.#tell(rule, holder, finding)
    if (finding === 'full' || finding === 'crowded') return status

    // The new slot is taken before the old one is given back: for a moment the holder has both.
    this.peak = Math.max(this.peak, this.active + (holder.keys.has(key) ? 0 : 1))
    holder.admitted.set(rule, (holder.admitted.get(rule) ?? new Map<Key, Status>()).set(key, status))
    holder.latest.set(rule, key)
    if (request) holder.needs.set(request, (holder.needs.get(request) ?? new Set()).add(key))
    holder.forget()
    return status
  }

  #look(rule: Rule, key: Key, holder: Party): Finding {
    if (holder.keys.has(key)) return this.count(key) > rule.limit ? 'over' : 'room'
    const staying = holder.staying(rule)
    if (staying > 0 && staying + 1 > rule.maxKeys) return 'crowded'
    if (this.count(key) === 0 && this.counts.filter(Boolean).length >= this.bounds.max) return 'full'
    return this.count(key) >= rule.limit ? 'over' : 'room'
  }

  #isRefusal(rule: Rule, finding: Finding): boolean {
    if (rule.dryRun || finding === 'admitted' || finding === 'room') return false
    return finding !== 'full' || this.bounds.onFull === 'reject'
  }

  #refuse(rule: Rule, holder: Party, finding: Finding): Status {
    const tally = finding === 'full' ? 'exhausted' : 'rejected'
    if (holder.isNews(rule, tally)) this.tallies[tally]++
    return 'REJECTED'
  }

  #tell(rule: Rule, holder: Party, finding: Finding): void {
    const tally = finding === 'room' ? 'passed' : finding === 'full' ? 'exhausted' : 'rejectedDryRun'
    if (finding !== 'admitted' && holder.isNews(rule, tally)) this.tallies[tally]++
  }
}

/** The same steps taken by the model and by the real thing, side by side. */
class Run {
  readonly zone: Zone
  readonly model: Model
  readonly policies: Policy<SourceOptions, Parsed<SourceOptions>>[]
  readonly connections: [Party, Holder][] = []
  readonly requests: [Party, Holder][] = []
  readonly rules: readonly Rule[]
  highest: number
  wasDry: boolean

  constructor(bounds: Bounds, rules: readonly Rule[]) {
    this.zone = new Zone({ name: 'z', ...bounds })
    this.model = new Model(bounds)
    this.rules = rules.map((rule) => ({ ...rule }))
    this.highest = Math.max(...rules.map(({ limit }) => limit))
    this.wasDry = rules.some(({ dryRun }) => dryRun)

    this.policies = this.rules.map(({ maxKeys, limit, dryRun }) => {
      return new Policy(
        { limit, dryRun, key: keyOf, zone: this.zone, maxKeysPerConnection: maxKeys },
        limiterConfig,
      )
    })
  }

  step({ what, key, rule: ruleIndex, which, limit }: Step): void {
    const index = ruleIndex % this.rules.length
    const [rule, policy] = [this.rules[index]!, this.policies[index]!]
    const [connection, request] = [pick(this.connections, which), pick(this.requests, which)]

    if (what === 'connect') this.connections.push(this.#arrive())
    if (what === 'request' && connection) {
      this.requests.push(this.#arrive(connection))
      this.#ask(index, key, this.requests.at(-1)!)
    }
    if (what === 'again' && request) this.#ask(index, key, request)
    if (what === 'finish') for (const side of request ?? []) side.end()
    if (what === 'close') for (const side of connection ?? []) side.end()
    if (what === 'limit') policy.setConfig({ limit: (rule.limit = limit) }, mergeOptions)
    if (what === 'dryRun') policy.setConfig({ dryRun: (rule.dryRun = !rule.dryRun) }, mergeOptions)

    this.highest = Math.max(this.highest, rule.limit)
    this.wasDry ||= rule.dryRun
    this.check()
  }

  closeAll(): void {
    for (const connection of this.connections) for (const side of connection) side.end()
    this.check()
    deepStrictEqual(this.zone.count('a') + this.zone.stats().active + this.zone.stats().keys, 0)
  }

  /** One comparison a step: 200,000 runs are to be had in minutes. */
  check(): void {
    const { zone, model } = this
    const { active, peak, tallies } = model
    const stats = zone.stats()
    const isWithin = this.wasDry || Math.max(...model.counts) <= this.highest
    const live = model.counts.filter(Boolean).length
    const { forgotten } = stats

    const counts = keys.map((key) => zone.count({ text: key }))
    deepStrictEqual([counts, isWithin], [model.counts, true])
    deepStrictEqual(stats, { ...noTallies(), ...tallies, forgotten, waiting: 0, keys: live, active, peak })
    deepStrictEqual(zone.audit(), { active, found: active, gone: 0, stalled: 0, isClean: true })
  }

  #arrive(parent?: readonly [Party, Holder]): [Party, Holder] {
    const party = new Party(parent?.[0])
    this.model.parties.push(party)
    return [party, new Holder(parent?.[1])]
  }

  #ask(index: number, key: Key, [party, request]: readonly [Party, Holder]): void {
    const [rule, policy] = [this.rules[index]!, this.policies[index]!]
    const evaluation = policy.evaluate([{ key }]) as Evaluation
    const [, connection] = this.connections.find(([parent]) => parent === party.parent)!

    const isOfRequest = rule.unit === 'requests'
    const holders = isOfRequest ? ([request] as const) : ([connection, request] as const)
    const { decision } = policy.enter(holders[0], evaluation, holders[1])
    const expected = this.model.enter(rule, key, isOfRequest ? [party] : [party.parent!, party])
    const passed = expected !== 'GONE' && expected !== 'REJECTED'
    deepStrictEqual([decision.status, decision.passed], [expected, passed])
  }
}

function keyOf({ key }: Source & { readonly key: Key }): string {
  return key
}

function pick<T>(list: readonly T[], which: number): T | undefined {
  return list[which % Math.max(1, list.length)]
}

const aBounds: fc.Arbitrary<Bounds> = fc.record({
  max: fc.constantFrom(1, 2, 3, 65_536),
  maxIdle: fc.constantFrom(0, 1, 1_024),
  onFull: fc.constantFrom('reject', 'pass'),
})
const aRule: fc.Arbitrary<Rule> = fc.record({
  unit: fc.constantFrom('connections', 'connections', 'requests'),
  maxKeys: fc.constantFrom(1, 2, 16),
  limit: fc.integer({ min: 1, max: 3 }),
  dryRun: fc.boolean(),
})
const acts = ['connect', 'request', 'request', 'again', 'finish', 'close', 'limit', 'dryRun'] as const
const aStep: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(...acts),
  key: fc.constantFrom(...keys, 'a', 'a', 'b'),
  rule: fc.nat(1),
  which: fc.nat(12),
  limit: fc.integer({ min: 1, max: 4 }),
})

it('A-02: counts what an independent model counts, whatever happens in which order', () => {
  const scenario = fc.tuple(
    aBounds,
    fc.array(aRule, { minLength: 1, maxLength: 2 }),
    fc.array(aStep, { minLength: 1, maxLength: 32, size: 'max' }),
  )
  fc.assert(
    fc.property(scenario, ([bounds, rules, steps]) => {
      const run = new Run(bounds, rules)
      for (const step of steps) run.step(step)
      run.closeAll()
    }),
    { numRuns },
  )
})
