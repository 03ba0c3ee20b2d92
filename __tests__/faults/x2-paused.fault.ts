import { describe, it } from '@jest/globals'
import { whole } from '../helpers/faults/stage.ts'
import { checkPaused } from '../helpers/faults/x2-paused.ts'
import { clientKinds } from '../helpers/redis/clients.ts'

describe.each(clientKinds)('X2, by %s: a process that does nothing for twice ttlMs', (client) => {
  it.each(['SIGSTOP', 'a busy loop'] as const)(
    'D3, A-52: is over by what it held at most, and lets nobody in before there is room: %s',
    async (by) => {
      await checkPaused(whole(client), by)
    },
  )
})
