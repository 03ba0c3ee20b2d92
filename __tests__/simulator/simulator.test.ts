import { expect, it } from '@jest/globals'
import { noTallies } from '../../lib/core/stats.ts'
import { checkWorld, useSimulatedClock } from './check-world.ts'

/** How many worlds, and the seed of the first: each has its own. */
const count = Number(process.env['LIMIT_CONN_WORLDS'] ?? 1_000)
const first = Number(process.env['LIMIT_CONN_SEED'] ?? 1)

useSimulatedClock()

it(`counts who is there, whatever happens to them, in ${count} worlds from seed ${first} on`, async () => {
  const tallies = {
    guard: noTallies(),
    connections: noTallies(),
    requests: noTallies(),
    upgrades: noTallies(),
  }
  for (let seed = first; seed < first + count; seed++) {
    const totals = await checkWorld(seed)
    for (const name of keysOf(tallies))
      for (const tally of keysOf(tallies[name])) tallies[name][tally] += totals[name][tally]
  }

  // Too few of something would prove nothing of it. Worlds that are played again need not have all.
  if (count < 100) return
  const { guard, connections, requests, upgrades } = tallies
  const often = [
    ...[guard, connections, requests, upgrades].flatMap((each) => [each.passed, each.rejected]),
    ...[guard, connections, upgrades].flatMap((each) => [each.evicted, each.rejectedDryRun]),
    requests.queued,
    requests.skipped,
    guard.expired,
    guard.idled,
  ]
  expect(Math.min(...often)).toBeGreaterThan(count / 50)
  expect(Math.min(guard.kicked, guard.trimmed, guard.drained)).toBeGreaterThan(count / 200)
}, 600_000)

it('tells the same story for the same seed', async () => {
  for (const seed of [3, 30, 300]) expect(await checkWorld(seed)).toEqual(await checkWorld(seed))
})

function keysOf<T extends object>(object: T): (keyof T)[] {
  return Object.keys(object) as (keyof T)[]
}
