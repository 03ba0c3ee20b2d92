import { it } from '@jest/globals'
import { checkOrders, useSimulatedClock } from './check-world.ts'

const numRuns = Number(process.env['LIMIT_CONN_RUNS'] ?? 500)

useSimulatedClock()

it('A-06: counts who is there, in whatever order their keys and limits are found out', async () => {
  await checkOrders({ numRuns })
}, 120_000)
