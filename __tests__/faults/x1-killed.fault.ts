import { describe, it } from '@jest/globals'
import { whole } from '../helpers/faults/stage.ts'
import { checkKilled } from '../helpers/faults/x1-killed.ts'
import { clientKinds } from '../helpers/redis/clients.ts'

describe.each(clientKinds)('X1, by %s: a process that is killed', (client) => {
  it('D2, A-50: gives back what it held within ttlMs, 20 times', async () => {
    await checkKilled(whole(client), 20)
  })

  it('D2: gives it back with the ttlMs and the syncMs that nobody changed', async () => {
    await checkKilled({ ...whole(client), ttlMs: 15_000, syncMs: 5_000 }, 1)
  })
})
