import { describe, it } from '@jest/globals'
import { Crowd, expectNothingLeftOfResets } from '../helpers/crowd/crowd.ts'

const clients = { seed: 45, processes: 2, most: 200 }
const never = { everyMs: 86_400_000, graceMs: 86_400_000 }

describe('A-45: disconnects before, in and behind a request leave nothing', () => {
  it('8,000 on http, where Node tells of each', async () => {
    await expectNothingLeftOfResets(await Crowd.start({ ...clients, sweep: never }), 8_000, 0)
  }, 60_000)

  it('2,000 on http and https, with a sweep', async () => {
    await expectNothingLeftOfResets(await Crowd.start(clients), 2_000, 0.3)
  }, 60_000)
})
