import { describe, it } from '@jest/globals'
import { whole } from '../helpers/faults/stage.ts'
import { checkSlow } from '../helpers/faults/x4-slow.ts'
import { clientKinds } from '../helpers/redis/clients.ts'

describe.each(clientKinds)('X4, by %s: a Redis that does not answer for two seconds', (client) => {
  it.each(['CLIENT PAUSE ALL', 'CLIENT PAUSE WRITE', 'SIGSTOP of Redis'] as const)(
    'D7, D11: keeps nobody waiting for longer than commandTimeoutMs: %s',
    async (by) => {
      await checkSlow(whole(client), by)
    },
  )
})
