import { describe, it } from '@jest/globals'
import { whole } from '../helpers/faults/stage.ts'
import { checkClocksOfProcesses, checkClocksOfRedis } from '../helpers/faults/x8-clocks.ts'
import { clientKinds } from '../helpers/redis/clients.ts'

describe.each(clientKinds)('X8, by %s: clocks that are wrong', (client) => {
  it('D10, A-59: change nothing where they are those of processes', async () => {
    await checkClocksOfProcesses(whole(client))
  })

  it.each([2, 300, -2])(
    'D10: change ttlMs by as much where they are those of a new primary: %i s',
    async (seconds) => {
      await checkClocksOfRedis(whole(client), seconds)
    },
  )
})
