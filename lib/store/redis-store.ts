import { createHash, randomBytes, randomInt } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Wish } from '../core/share.ts'
import type { Call, Runner } from './redis-client.ts'
import { beatScript, cellScript, leaveScript, type BeatReply } from './scripts.ts'
import { Forgotten, WriteAgain, type Cell, type CellReply, type Store } from './store.ts'

/** Who a process is, and from which number on it counts its commands: two of one id do not take each other's for theirs. */
export interface Identity {
  readonly id: string
  readonly first: number
}

/** Where the cells of a key stand. */
interface Place {
  readonly bucket: number
  readonly key: string
}

/** Of how many keys it is remembered where they stand. */
const mostPlaces = 4_096
/** Most keys in one command. */
const mostKeys = 200
/** Keys with the same tag have one slot of a Redis Cluster, and go in one command. */
const buckets = 128
/** Redis Lua has numbers exact up to 2 ** 53. */
const firstNumbers = 2 ** 45

/** A limit of Infinity, as Lua reads it on every machine. */
const noLimit = '1e300'

const signs = { take: '+', force: '!', look: '=' } as const satisfies Record<Wish['kind'], string>

/** Where the cells stand in Redis or Valkey. */
export class RedisStore implements Store {
  readonly lapses = true
  onLost: () => void = () => undefined
  /** Redis may throw cells away, by this policy. */
  onEviction: (policy: string) => void = () => undefined
  readonly #name: string
  readonly #runner: Runner
  readonly #ttlMs: number
  /** A hash costs more than all else. */
  readonly #places = new LRUCache<string, Place>({ max: mostPlaces })
  #identity: Identity
  #number: number
  /** Until when this process stands among the others, as Redis has told it; `new`: it was never there, or is forgotten. */
  #standsUntil = 'new'
  #unsureUntilMs = 0
  #beats = 0
  #wasRefused = false

  constructor(name: string, runner: Runner, { ttlMs, identity }: { ttlMs: number; identity?: Identity }) {
    this.#name = name
    this.#runner = runner
    this.#ttlMs = ttlMs
    this.#identity = identity ?? newIdentity()
    this.#number = this.#identity.first
  }

  batches(keys: Iterable<string>): readonly (readonly string[])[] {
    if (!this.#runner.isCluster) return chunks([...keys])
    const groups = new Map<number, string[]>()
    for (const key of keys) {
      const { bucket } = this.#placeOf(key)
      const group = groups.get(bucket)
      if (group) group.push(key)
      else groups.set(bucket, [key])
    }
    return [...groups.values()].flatMap(chunks)
  }

  async write(cells: readonly Cell[]): Promise<readonly CellReply[]> {
    const { id, first } = this.#identity
    const isToStand = !this.#runner.isCluster && this.#standsUntil !== 'new'
    const args = [id, String(first), String(++this.#number), String(this.#ttlMs), isToStand ? '1' : '0']
    for (const { count, wishes } of cells) {
      args.push(String(count), String(wishes.length))
      for (const { kind, max } of wishes) args.push(signs[kind] + (max === Infinity ? noLimit : max))
    }
    const keys = cells.map(({ key }) => this.#placeOf(key).key)
    if (isToStand) keys.push(this.#instancesKey)
    const reply = await this.#run({ script: cellScript, keys, args: [args.join(' ')] })
    if (Array.isArray(reply) && reply.length === 0) {
      if (id === this.#identity.id) this.onLost()
      throw new Forgotten('this process was forgotten')
    }
    const replies = readReplies(cells, reply)
    this.#checkNumbers(id, replies)
    return replies
  }

  async beat(): Promise<number> {
    const { id } = this.#identity
    const number = ++this.#beats
    const { isUnsure, unsureUntilMs } = this.#beginBeat()
    const reply = await this.#run({
      script: beatScript,
      keys: [this.#instancesKey],
      args: [id, this.#standsUntil, String(this.#ttlMs), isUnsure ? '1' : '0'],
    })
    const [instances, until, state, eviction] = reply as BeatReply
    if (eviction !== undefined) this.onEviction(eviction)

    if (number === this.#beats && id === this.#identity.id) {
      this.#unsureUntilMs = unsureUntilMs
      this.#standsUntil = state === 1 ? 'new' : until
      if (state === 2) this.#becomeAnother()
      if (state === 1) this.onLost()
    }
    return instances
  }

  /**
   * Until a beat is answered it may be carried out late, after later ones: what stands there longer than was told may be its own.
   * That stands for ttlMs from then on, and one that comes later than ttlMs is not expected.
   */
  #beginBeat(): { readonly isUnsure: boolean; readonly unsureUntilMs: number } {
    const now = performance.now()
    const unsureUntilMs = this.#unsureUntilMs
    this.#unsureUntilMs = now + 2 * this.#ttlMs
    return { isUnsure: now < unsureUntilMs, unsureUntilMs }
  }

  async leave(): Promise<void> {
    await this.#run({ script: leaveScript, keys: [this.#instancesKey], args: [this.#identity.id] })
  }

  get #instancesKey(): string {
    return `limit-conn:${this.#name}:instances`
  }

  /** Somebody else writes under this id: what is written from now on is our own. What was, lapses. */
  #becomeAnother(): void {
    this.#identity = newIdentity()
    this.#number = this.#identity.first
    this.#standsUntil = 'new'
    this.onLost()
  }

  /** A number that stood there and is not older: of a command of ours that was carried out before; or of somebody else. */
  #checkNumbers(id: string, replies: readonly CellReply[]): void {
    const fault = replies.find(({ others }) => others < 0)
    if (!fault) return
    const isOurs = -fault.others > this.#identity.first && -fault.others <= this.#number
    if (id === this.#identity.id && !isOurs) this.#becomeAnother()
    throw new WriteAgain('the cell had another number')
  }

  #placeOf(key: string): Place {
    const known = this.#places.get(key)
    if (known) return known
    const hash = hashOf(key)
    const bucket = bucketOf(hash)
    const place = { bucket, key: `limit-conn:${this.#name}:{${bucket}}:${hash}` }
    this.#places.set(key, place)
    return place
  }

  /** Once it was refused, a client that is not connected is not asked: it would keep the command for later. */
  async #run(call: Call): Promise<unknown> {
    if (this.#wasRefused && !this.#runner.isReady) throw new Error('the client is not connected')
    try {
      return await this.#runner.run(call)
    } catch (cause) {
      this.#wasRefused = true
      throw cause
    }
  }
}

function newIdentity(): Identity {
  return { id: randomBytes(16).toString('base64url'), first: randomInt(firstNumbers) }
}

/** Keys may be secrets, and longer than they need to be. */
function hashOf(key: string): string {
  return createHash('sha256').update(key, 'utf16le').digest('base64url').slice(0, 22)
}

/** The first bits of a hash. */
function bucketOf(hash: string): number {
  return Buffer.from(hash.slice(0, 4), 'base64url').readUInt16BE() % buckets
}

function chunks(keys: readonly string[]): readonly (readonly string[])[] {
  const count = Math.ceil(keys.length / mostKeys)
  return Array.from({ length: count }, (_, i) => keys.slice(i * mostKeys, (i + 1) * mostKeys))
}

function readReplies(cells: readonly Cell[], reply: unknown): readonly CellReply[] {
  const numbers = (reply as unknown[]).map(Number)
  let at = 0
  return cells.map(({ wishes }) => {
    const [others = NaN, ...isOver] = numbers.slice(at, (at += 1 + wishes.length))
    if (Number.isNaN(others) || isOver.length < wishes.length) throw new Error('the reply is not complete')
    return { others, isOver: isOver.map(Boolean) }
  })
}
