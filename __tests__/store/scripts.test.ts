import { deepStrictEqual } from 'node:assert/strict'
import { beforeEach, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import type { Redis } from 'ioredis'
import { beatScript, cellScript, leaveScript, type Script } from '../../lib/store/scripts.ts'
import { zoneName } from '../helpers/faults/stage.ts'
import { clientOf } from '../helpers/redis/clients.ts'
import { SimulatedRedis } from '../helpers/store/simulated-redis.ts'

let client: Redis
beforeEach(async () => void (client = (await clientOf('ioredis')) as Redis))

/** Nothing lapses by itself while a test runs: on a busy machine it would do so at another moment in each. */
const ttlMs = '1000000'

/** A real Redis and the simulated one, and a clock for that. */
class Pair {
  readonly key = `limit-conn:${zoneName()}:{0}:x`
  /** Of the processes. */
  readonly place = `${this.key}:instances`
  readonly simulated = new SimulatedRedis(() => 1_000_000)

  async call(script: Script, args: readonly string[]): Promise<readonly [unknown, unknown]> {
    return await this.callUnder([this.key], script, args)
  }

  async callUnder(
    keys: readonly string[],
    { sha, text }: Script,
    args: readonly string[],
  ): Promise<readonly [unknown, unknown]> {
    const simulated = this.simulated.call(['EVAL', text, String(keys.length), ...keys, ...args])
    await client.script('LOAD', text)
    return [await client.evalsha(sha, keys.length, ...keys, ...args), simulated]
  }

  /** The cell of a process has lapsed in both. */
  async lapseCell(id: string): Promise<void> {
    const cells = this.simulated.cells.get(this.key)
    const cell = cells?.get(id)
    if (!cell) return
    cells!.set(id, { ...cell, expiryMs: 1 })
    await client.hset(this.key, id, `${cell.count}:${cell.number}:1`)
  }

  /** A process has lapsed in both. */
  async lapseProcess(id: string, key = this.key): Promise<void> {
    const there = this.simulated.instances.get(key) ?? new Map<string, number>()
    this.simulated.instances.set(key, there.set(id, 1))
    await client.zadd(key, 1, id)
  }

  /** Slots and number of each cell that a reader finds. */
  async cells(): Promise<readonly [object, object]> {
    const real = Object.entries(await client.hgetall(this.key))
    const simulated = [...(this.simulated.cells.get(this.key) ?? [])]
    return [
      Object.fromEntries(real.map(([id, value]) => [id, value.split(':').slice(0, 2).join(':')])),
      Object.fromEntries(simulated.map(([id, { count, number }]) => [id, `${count}:${number}`])),
    ]
  }
}

const aCommand = fc.record({
  id: fc.constantFrom('p', 'q', 'r'),
  first: fc.constantFrom('0', '0', '0', '5'),
  number: fc.integer({ min: 1, max: 30 }).map(String),
  lapses: fc.constantFrom(false, false, true),
  count: fc.nat({ max: 3 }).map(String),
  wishes: fc.array(fc.constantFrom('+2', '+3', '+5', '+1e300', '!1', '!5', '=2', '=4'), { maxLength: 4 }),
})

describe('Redis and the simulated one', () => {
  it('write cells and answer wishes alike, late commands and lapsed cells included', async () => {
    const property = fc.asyncProperty(
      fc.array(aCommand, { minLength: 1, maxLength: 12 }),
      async (commands) => {
        const pair = new Pair()
        for (const { id, first, number, lapses, count, wishes } of commands) {
          const args = [[id, first, number, ttlMs, '0', count, wishes.length, ...wishes].join(' ')]
          const [real, simulated] = await pair.call(cellScript, args)
          expect(real).toEqual(simulated)
          if (lapses) await pair.lapseCell(id)
        }
        const [real, simulated] = await pair.cells()
        expect(real).toEqual(simulated)
        await client.del(pair.key)
      },
    )
    await fc.assert(property, { numRuns: 100 })
  })

  it('write nothing for a process that they have forgotten, or that stood still for too long', async () => {
    const pair = new Pair()
    const keys = [pair.key, pair.place]
    const write = (number: number): Promise<readonly [unknown, unknown]> =>
      pair.callUnder(keys, cellScript, [`p 0 ${number} ${ttlMs} 1 2 1 +3`])

    expect(await write(1)).toEqual([[], []])
    await pair.callUnder([pair.place], beatScript, ['q', 'new', ttlMs, '0'])
    expect(await write(2)).toEqual([[], []])
    await pair.callUnder([pair.place], beatScript, ['p', 'new', ttlMs, '0'])
    expect(await write(3)).toEqual([[0, 0], [0, 0]]) // prettier-ignore
    await pair.lapseProcess('p', pair.place)
    expect(await write(4)).toEqual([[], []])
    expect(await pair.cells()).toEqual([{ p: '3:3' }, { p: '3:3' }])
    await client.del(...keys)
  })

  it('count processes alike, and tell who was forgotten and whose id another uses', async () => {
    const aBeat = fc.tuple(
      fc.constantFrom('p', 'q', 'r'),
      fc.constantFrom('beat', 'beat', 'beat', 'leave'),
      fc.constantFrom('last', 'last', 'last', 'new', 'older', 'newer'),
      fc.constantFrom(false, false, true),
      fc.constantFrom('0', '0', '1'),
    )
    const property = fc.asyncProperty(fc.array(aBeat, { minLength: 1, maxLength: 10 }), async (beats) => {
      const pair = new Pair()
      const untilMs = new Map<string, readonly number[]>()
      for (const [id, what, before, lapses, isUnsure] of beats) {
        if (what === 'leave') {
          const [real, simulated] = await pair.call(leaveScript, [id])
          deepStrictEqual(real, simulated)
          continue
        }
        const [real, simulated] = await Promise.all(
          [0, 1].map(
            async (side) => await beat(pair, { id, side, before, isUnsure, lastMs: untilMs.get(id)?.[side] }),
          ),
        )
        expect(real!.told).toEqual(simulated!.told)
        untilMs.set(id, [real!.untilMs, simulated!.untilMs])
        if (lapses) await pair.lapseProcess(id)
      }
      await client.del(pair.key)
    })
    await fc.assert(property, { numRuns: 50 })
  })
})

interface Beat {
  readonly id: string
  readonly side: number
  readonly before: string
  readonly isUnsure: string
  readonly lastMs: number | undefined
}

/** Of one side: each has a clock of its own. */
async function beat(pair: Pair, { id, side, before, isUnsure, lastMs = 5 }: Beat) {
  const known: Record<string, string> = { last: `${lastMs}`, older: `${lastMs - 1}`, newer: `${lastMs + 1}` }
  const args = [id, known[before] ?? before, ttlMs, isUnsure]
  const { sha, text } = beatScript
  await client.script('LOAD', text)
  const reply =
    side === 0
      ? await client.evalsha(sha, 1, pair.key, ...args)
      : pair.simulated.call(['EVAL', text, '1', pair.key, ...args])
  const [instances, untilMs, state] = reply as [number, string, number]
  return { told: [instances, state], untilMs: Number(untilMs) }
}
