import type { Visit } from '../connection/visit.ts'
import type { Ask, Limit } from '../core/limit.ts'
import { traitsOf } from '../key/traits.ts'
import type { Warner } from '../log/warner.ts'
import type { Turn } from './turn.ts'

/** Holders that are looked at together. */
const window = 1_000
/** The lead of one key over others that looks wrong: 95 of 100 always have it, less than 90 never. */
const tooMany = 900

/** Changes of the key on one connection that look wrong. */
const mostChanges = 8

/** A majority vote: the key with the most holders, and its lead over the rest (Boyer and Moore, 1981). */
interface Vote {
  key: string | undefined
  lead: number
  seen: number
  /** A window before this one has ended. */
  isLater: boolean
}

type Counted = Pick<Visit, 'unit'>

const noVote: Vote = { key: undefined, lead: 0, seen: 0, isLater: false }

/** Watches the keys of a policy for what looks wrong: one for nearly all holders, or many on one connection. */
export class KeyWatch {
  readonly #warner: Warner
  readonly #advice: string
  readonly #votes = new WeakMap<Limit, Vote>()

  /** `advice`: what to do where one key is the address of a proxy. */
  constructor(warner: Warner, advice = 'trust the proxy') {
    this.#warner = warner
    this.#advice = advice
  }

  /** Looks at the keys of a request that passed: who is refused again and again proves nothing. */
  see({ visit, exchange }: Turn, asks: readonly Ask[]): void {
    const isNew = visit.unit === 'requests' ? exchange.isNewTo(this) : !visit.isSeen
    if (isNew) this.count(visit, asks)
    visit.isSeen = true
    if (visit.unit === 'connections') this.#compare(visit, asks)
  }

  /** Counts the keys of a holder that is new. */
  count(what: Counted, asks: readonly Ask[]): void {
    for (const ask of asks) this.#vote(what, ask)
  }

  #vote(what: Counted, { limit, keys: [key] }: Ask): void {
    const vote = this.#voteOf(limit)
    if (vote.lead === 0) vote.key = key
    vote.lead += vote.key === key ? 1 : -1
    if (++vote.seen < window) return

    if (vote.lead === window && key === undefined && !vote.isLater) this.#warnOfEmptyKey(what, limit)
    if (vote.lead >= tooMany && key !== undefined && traitsOf(limit.key).usesAddress)
      this.#warnOfOneKey(what, limit)
    this.#votes.set(limit, { ...noVote, isLater: true })
  }

  #voteOf(limit: Limit): Vote {
    const known = this.#votes.get(limit)
    if (known) return known
    const vote = { ...noVote }
    this.#votes.set(limit, vote)
    return vote
  }

  #warnOfEmptyKey({ unit }: Counted, { path, zone }: Limit): void {
    const text = `${path}.key was empty for each of the first ${window} ${unit}, so that zone "${zone.name}" limits nobody`
    this.#warner.warn('emptyKey', `${text}; is there such a header or variable?`)
  }

  #warnOfOneKey({ unit }: Counted, { zone }: Limit): void {
    const text = `of the last ${window} ${unit} in zone "${zone.name}" at least 90 % had one key`
    this.#warner.warn('oneKey', `${text}; if it is the address of a proxy of yours, ${this.#advice}`)
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
