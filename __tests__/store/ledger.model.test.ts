import { it } from '@jest/globals'
import { checkStories } from '../helpers/store/check.ts'
import { useSimulatedTime } from '../helpers/store/time.ts'

const numRuns = Number(process.env['LIMIT_CONN_RUNS'] ?? 300)
const startTime = useSimulatedTime()

it('A-58: while Redis answers, no more than the limit are in, and nobody is refused while there is room', async () => {
  await checkStories('calm', startTime, { numRuns })
}, 120_000)

it('D4: where Redis forgets all, again and again, no more come in than one may have held and a share of each other', async () => {
  await checkStories('forgetful', startTime, { numRuns: Math.ceil(numRuns / 3) })
}, 120_000)

it('counts in Redis what each process holds, a sync after the last command was late, lost or refused', async () => {
  await checkStories('stormy', startTime, { numRuns })
}, 120_000)
