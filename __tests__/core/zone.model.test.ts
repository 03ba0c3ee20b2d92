import { it } from '@jest/globals'
import { checkAgainstModel, useClockOfSteps } from '../helpers/model/check.ts'

const numRuns = Number(process.env['LIMIT_CONN_RUNS'] ?? 2_000)

useClockOfSteps()

it('A-02: counts, evicts, queues and kicks as an independent model does, whatever happens in which order', async () => {
  await checkAgainstModel({ numRuns })
}, 120_000)
