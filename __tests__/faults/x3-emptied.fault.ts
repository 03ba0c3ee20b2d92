import { describe, it } from '@jest/globals'
import { whole } from '../helpers/faults/stage.ts'
import { checkEmptied } from '../helpers/faults/x3-emptied.ts'
import { clientKinds } from '../helpers/redis/clients.ts'

describe.each(clientKinds)('X3, X7, by %s: a Redis that has forgotten all', (client) => {
  describe.each(['SIGKILL and an empty start', 'FLUSHALL'] as const)('%s', (by) => {
    it.each(['each holds its part', 'one holds all'] as const)(
      'D4: knows all again within a sync, and counts right: %s',
      async (spread) => {
        await checkEmptied(whole(client), by, spread)
      },
    )
  })
})
