import { describe, it } from '@jest/globals'
import { whole } from '../helpers/faults/stage.ts'
import { checkWebSocket } from '../helpers/faults/websocket.ts'
import { clientKinds } from '../helpers/redis/clients.ts'

describe.each(clientKinds)('by %s', (client) => {
  it('D9, A-57: counts a WebSocket that lives five ttlMs, all the time', async () => {
    await checkWebSocket({ ...whole(client), ttlMs: 5_000, syncMs: 1_500 })
  })
})
