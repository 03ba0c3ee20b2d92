import { describe, it } from '@jest/globals'
import { whole } from '../helpers/faults/stage.ts'
import { checkRefused, checkScriptsFlushed } from '../helpers/faults/x7-orders.ts'
import { clientKinds } from '../helpers/redis/clients.ts'

describe.each(clientKinds)('X7, by %s: a Redis', (client) => {
  it('D1, A-56: that forgets its scripts 20 times under load is noticed by nobody', async () => {
    await checkScriptsFlushed(whole(client))
  })

  it.each(['maxmemory 1', 'a read-only replica'] as const)(
    'D6: that writes nothing leaves each process with its fair share: %s',
    async (by) => {
      await checkRefused(whole(client), by)
    },
  )
})
