import { randomUUID } from 'node:crypto'
import { RedisZone, type OtherRedisClient, type RedisZoneOptions } from '../../../lib/redis.ts'
import { afterServers } from '../server.ts'
import { clientOf, type ClientKind } from './clients.ts'

/** A name that no other test has. */
export const zoneName = (): string => `test-${randomUUID()}`

/** The zone of one process, with a client of its own; it is closed when the test ends. */
export async function zoneOf(
  kind: ClientKind,
  options: Partial<RedisZoneOptions> & { readonly name: string },
): Promise<RedisZone> {
  const client = await clientOf(kind)
  const zone = new RedisZone({ client, commandTimeoutMs: 2_000, ...options })
  afterServers(() => zone.close())
  return zone
}

/** A client of one function, which tells what goes through it and may hold it up. */
export class Wire implements OtherRedisClient {
  readonly sent: string[][] = []
  /** What each command waits for. */
  gate: Promise<unknown> | undefined
  readonly #send: (args: string[]) => Promise<unknown>

  private constructor(send: (args: string[]) => Promise<unknown>) {
    this.#send = send
  }

  static async open(): Promise<Wire> {
    const client = (await clientOf('node-redis')) as unknown as OtherRedisClient
    return new Wire((args) => client.sendCommand(args))
  }

  async sendCommand(args: string[]): Promise<unknown> {
    this.sent.push(args)
    await this.gate
    return await this.#send(args)
  }

  /** Commands that ask for a slot, or look for one. */
  get asked(): number {
    return this.sent.filter((args) => args.some((arg) => /^[+!=]\d/.test(arg))).length
  }
}
