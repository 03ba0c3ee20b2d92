import type { Visit } from '../connection/connection.ts'
import type { Ask, Limit } from '../core/limit.ts'
import { traitsOf } from '../key/traits.ts'
import type { Warner } from '../log/warner.ts'
import type { Turn } from './turn.ts'

/** Holders that are looked at together, and how many more of one key than of others look wrong: 95 of 100. */
const window = 1_000
const tooMany = 900

/** Changes of the key on one connection that look wrong. */
const mostChanges = 8

/** A majority vote: the key with the most holders, and its lead over the rest (Boyer and Moore, 1981). */
interface Vote {
  key: string
  lead: number
  seen: number
}

/** Watches the keys of a policy for what looks wrong: one for nearly all holders, or many on one connection. */
export class KeyWatch {
  readonly #warner: Warner
  readonly #votes = new WeakMap<Limit, Vote>()

  constructor(warner: Warner) {
    this.#warner = warner
  }

  /** Looks at the keys of a request that was decided on. */
  see({ visit, exchange }: Turn, asks: readonly Ask[]): void {
    const isNew = visit.unit === 'requests' ? !exchange.hasPassed : visit.keys.length === 0
    if (isNew && this.#warner.mayWarn('oneKey')) for (const ask of asks) this.#vote(visit, ask)
    if (visit.unit === 'connections') this.#compare(visit, asks)
  }

  #vote({ unit }: Visit, { limit, keys: [key] }: Ask): void {
    if (key === undefined || !traitsOf(limit.key).usesAddress) return
    const vote = this.#votes.get(limit) ?? { key, lead: 0, seen: 0 }
    if (vote.lead === 0) vote.key = key
    vote.lead += vote.key === key ? 1 : -1
    this.#votes.set(limit, vote)

    if (++vote.seen < window) return
    this.#votes.delete(limit)
    if (vote.lead < tooMany) return
    const text = `of the last ${window} ${unit} in zone "${limit.zone.name}" 95 % or more had one key`
    this.#warner.warn('oneKey', `${text}; if it is the address of a proxy of yours, trust the proxy`)
  }

  #compare(visit: Visit, asks: readonly Ask[]): void {
    let isChanged = false
    for (let i = 0; i < asks.length; i++) {
      const [key] = asks[i]!.keys
      if (key === undefined || visit.keys[i] === key) continue
      isChanged ||= visit.keys[i] !== undefined
      visit.keys[i] = key
    }
    if (!isChanged || ++visit.changes !== mostChanges) return

    const advice = "if it is a proxy's, trust the proxy or say count: 'requests'"
    this.#warner.warn('manyKeys', `a connection has changed its key ${mostChanges} times; ${advice}`)
  }
}
