import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { fragments, samples } from '../helpers/fuzz/desync-samples.ts'
import { parsings, staged, type Stage } from '../helpers/fuzz/desync.ts'
import { fuzzing } from '../helpers/fuzz/settings.ts'
import { nextTurn, until } from '../helpers/until.ts'

/** Sends bytes in pieces, and closes behind them; resolves when the server has closed, too. */
async function send(stage: Stage, bytes: string, cuts: readonly number[] = []): Promise<string> {
  const client = await stage.connect({ allowHalfOpen: true })
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  for (const [n, end] of ends.entries()) {
    client.write(bytes.slice(ends[n - 1] ?? 0, end))
    await nextTurn()
  }
  client.socket.end()
  await client.closed()
  await until('nothing is left', () => stage.policy.zones.every((zone) => zone.stats().active === 0))
  return client.received
}

/** Each request was decided on once, under one key, and a client that behaves is served. */
async function expectSound(stage: Stage, count: string): Promise<void> {
  const { faults, keys, requests, policy } = stage
  expect(faults).toEqual([])
  expect(keys).toHaveLength(requests.size)
  const { passed, rejected } = policy.zones[1]!.stats()
  const decided = passed + rejected + policy.zones[0]!.stats().rejected
  expect(count === 'requests' ? decided : requests.size).toBe(requests.size)

  expect(await send(stage, 'GET / HTTP/1.1\r\nHost: test\r\nX-Key: last\r\n\r\n')).toMatch(
    /^HTTP\/1.1 200 .*ok/s,
  )
  expect(keys.at(-1)).toBe('last')
}

describe.each(parsings)('raw HTTP, counted by $count, insecureHTTPParser $insecureHTTPParser', (parsing) => {
  it.each(Object.entries(samples))('has one key for each request: %s', async (_, [bytes, possible]) => {
    const stage = await staged(parsing)
    await send(stage, bytes)

    // As far as the parser comes: it may refuse any, or take what is hidden for a body.
    let from = 0
    for (const key of stage.keys) {
      const at = possible.indexOf(key, from)
      expect({ key, isKnown: at >= from }).toEqual({ key, isKnown: true })
      from = at + 1
    }
    await expectSound(stage, parsing.count)
  })

  it('has one key for each request, whatever its pieces are and however they come', async () => {
    const stage = await staged(parsing)
    const pieces = fc.array(fc.constantFrom(...fragments), { minLength: 1, maxLength: 24 })
    await fc.assert(
      fc.asyncProperty(pieces, fc.array(fc.nat(400), { maxLength: 3 }), async (all, cuts) => {
        const before = stage.keys.length
        await send(stage, all.join(''), cuts)
        for (const key of stage.keys.slice(before)) expect(key).toMatch(/^[a-g]?[^,]*$/)
        expect(stage.faults).toEqual([])
      }),
      fuzzing(150),
    )
    await expectSound(stage, parsing.count)
  }, 60_000)
})
