import { describe, it } from '@jest/globals'
import { checkExact } from '../helpers/faults/exact.ts'
import { short } from '../helpers/faults/stage.ts'
import { checkEmptied } from '../helpers/faults/x3-emptied.ts'
import { checkSlow } from '../helpers/faults/x4-slow.ts'
import { checkChurned, checkCutOff, checkFlooded } from '../helpers/faults/x5-network.ts'
import { checkFailover } from '../helpers/faults/x6-failover.ts'
import { checkRefused, checkScriptsFlushed } from '../helpers/faults/x7-orders.ts'
import { startCluster } from '../helpers/redis/cluster.ts'

// The short form of __tests__/faults. What waits for a Redis to come back waits together.
describe('four processes are exact again within a sync', () => {
  it('X3, X6, D4, D5, F62: after a Redis that starts empty, and after a replica that lacks what was written last', async () => {
    await Promise.all([
      checkEmptied(short('node-redis'), 'SIGKILL and an empty start', 'each holds its part'),
      // For as long as nobody is back, cells must last.
      checkFailover({ ...short('ioredis'), ttlMs: 3_000 }),
    ])
  })

  it('X4, D7, D11: after a Redis that does not answer, and wait for commandTimeoutMs at most', async () => {
    await checkSlow(short('ioredis'), 'CLIENT PAUSE ALL', { pauseMs: 1_000, allowedMs: 200 })
  })

  it('X5, D6, D7, D8, F49: after a network that swallows all and delivers it late, or cuts before replies', async () => {
    await Promise.all([
      checkFlooded(short('ioredis'), 'a black hole'),
      checkCutOff(short('node-redis')),
      checkChurned(short('node-redis'), 'cuts before the reply'),
    ])
  })

  it('X7, D1, D6: after a Redis that forgets its scripts under load, or has no memory left', async () => {
    await Promise.all([
      checkScriptsFlushed(short('node-redis'), 5),
      checkRefused(short('ioredis'), 'maxmemory 1'),
    ])
  })

  it('D1: and all the time on a cluster of three nodes, under many keys', async () => {
    const cluster = (await startCluster()).map(({ port }) => port)
    await checkExact(short('ioredis'), { opens: 2_000, keys: 6, place: { cluster } })
  })
})
