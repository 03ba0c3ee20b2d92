import { describe, it } from '@jest/globals'
import { whole } from '../helpers/faults/stage.ts'
import { checkFailover, checkSentinel } from '../helpers/faults/x6-failover.ts'
import { clientKinds } from '../helpers/redis/clients.ts'

describe.each(clientKinds)('X6, by %s: a failover', (client) => {
  it('D5, A-51: is over by what was lost with the primary at most', async () => {
    await checkFailover(whole(client))
  })

  it('D5: by a Sentinel, is an error to nobody', async () => {
    await checkSentinel(whole(client))
  })
})
