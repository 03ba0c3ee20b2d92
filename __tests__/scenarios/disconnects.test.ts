import { it } from '@jest/globals'
import { Crowd, expectNothingLeftOfResets } from '../helpers/crowd/crowd.ts'

it('A-45: 10,000 disconnects, before, in and behind a request, leave nothing', async () => {
  const crowd = await Crowd.start({ seed: 45, processes: 2, most: 200 })
  await expectNothingLeftOfResets(crowd, 10_000)
}, 60_000)
