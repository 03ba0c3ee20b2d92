import type { Attacker } from './attacker.ts'
import { connectTo, type Place } from './client.ts'
import type { Served } from './server.ts'
import type { Siege } from './siege.ts'

/** A client of another address, which asks again and again until it is stopped. */
export class GoodClient {
  readonly statuses: number[] = []
  /** How long it waited for each answer, connecting included, in milliseconds. */
  readonly waitsMs: number[] = []
  readonly #place: Place
  readonly #asking: Promise<void>
  #least = Infinity

  constructor({ place }: Served) {
    this.#place = place
    this.#asking = this.#ask()
  }

  /** Lets it ask so often at least. */
  async stop(least = 3): Promise<void> {
    this.#least = least
    await this.#asking
  }

  async #ask(): Promise<void> {
    while (this.statuses.length < this.#least) {
      const startMs = performance.now()
      this.statuses.push(await askOnce(this.#place).catch(() => 0))
      this.waitsMs.push(performance.now() - startMs)
    }
  }
}

/** Connects from 127.0.0.2, asks, and leaves. */
async function askOnce(place: Place): Promise<number> {
  const client = await connectTo(place, { localAddress: '127.0.0.2' })
  client.get('/now')
  const status = await client.answer()
  client.destroy()
  return status
}

/** How a good client fares before, and while so many of 127.0.0.1 come above the limit. */
export async function floodedBy(
  attacker: Attacker,
  siege: Siege,
  count: number,
): Promise<{ readonly quiet: GoodClient; readonly flooded: GoodClient }> {
  const clients = await Promise.all(Array.from({ length: siege.limit }, () => siege.get()))
  for (const client of clients) await client.answer()

  const quiet = new GoodClient(siege)
  await quiet.stop(200)
  const flooded = new GoodClient(siege)
  await attacker.attack(siege, 'comes and is refused', { count })
  await flooded.stop()
  return { quiet, flooded }
}

/** The value below which such a part of the values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!
}
