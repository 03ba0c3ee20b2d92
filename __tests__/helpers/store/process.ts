import { EventEmitter } from 'node:events'
import type { Decision } from '../../../lib/core/decision.ts'
import { Limiter, type LimiterOptions, type Source } from '../../../lib/index.ts'
import { RedisZone, type RedisZoneOptions } from '../../../lib/redis.ts'
import { Network } from './network.ts'
import type { SimulatedRedis } from './simulated-redis.ts'
import type { SimulatedTime } from './time.ts'

export const ttlMs = 1_000
export const syncMs = 200
export const timeoutMs = 50

/** The least that is counted: it has a key, and closes. */
export class Client extends EventEmitter {
  destroyed = false
  remoteAddress: string | undefined = '192.0.2.1'
  readonly key: string
  readonly askedMs: number
  answeredMs: number | undefined
  decision: Decision | undefined

  constructor(key: string, askedMs: number) {
    super()
    this.key = key
    this.askedMs = askedMs
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.emit('close')
  }

  /** It was let in, and is there. */
  get isIn(): boolean {
    return !this.destroyed && this.decision?.passed === true
  }
}

export const keyOf = (source: Source): string => (source as Client).key

type Options = Omit<RedisZoneOptions, 'name' | 'client'>

/** One of the processes that share a zone: all is real but Redis, the way there, and time. */
export class Process {
  readonly network: Network
  readonly zone: RedisZone
  readonly clients: Client[] = []
  /** Is told of each decision. */
  decided: (client: Client) => void = () => undefined
  readonly #time: SimulatedTime

  constructor(redis: SimulatedRedis, time: SimulatedTime, options: Options = {}) {
    this.#time = time
    this.network = new Network(redis, time, this)
    this.zone = time.runAs(this, () => this.#newZone('z', options))
  }

  /** Another zone of this process. */
  zoneCalled(name: string, options: Options = {}): RedisZone {
    return this.#time.runAs(this, () => this.#newZone(name, options))
  }

  limiter(options: LimiterOptions): Limiter {
    return new Limiter(options.limits ? options : { key: keyOf, ...options })
  }

  /** Asks for somebody new; what is decided is noted when it is. */
  open(limiter: Limiter, key = 'a'): Client {
    const client = new Client(key, this.#time.nowMs)
    this.clients.push(client)
    this.ask(limiter, client)
    return client
  }

  ask(limiter: Limiter, client: Client): void {
    this.#time.runAs(this, () => {
      void this.#note(client, limiter.accept(client))
    })
  }

  close(client: Client): void {
    this.#time.runAs(this, () => client.destroy())
  }

  /** How many are in under a key. */
  holds(key: string): number {
    return this.clients.filter((client) => client.isIn && client.key === key).length
  }

  /** Those who have no answer yet. */
  get waiting(): Client[] {
    return this.clients.filter(({ decision }) => !decision)
  }

  async #note(client: Client, decision: Decision | Promise<Decision>): Promise<void> {
    client.decision = await decision
    client.answeredMs = this.#time.nowMs
    this.decided(client)
  }

  #newZone(name: string, options: Options): RedisZone {
    const client = { sendCommand: this.network.sendCommand }
    return new RedisZone({ name, client, ttlMs, syncMs, commandTimeoutMs: timeoutMs, ...options })
  }
}
