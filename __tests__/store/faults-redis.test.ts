import { describe, it } from '@jest/globals'
import { checkExact } from '../helpers/faults/exact.ts'
import { short } from '../helpers/faults/stage.ts'
import { checkEmptied } from '../helpers/faults/x3-emptied.ts'
import { checkSlow } from '../helpers/faults/x4-slow.ts'
import { checkChurned, checkFlooded } from '../helpers/faults/x5-network.ts'
import { checkFailover } from '../helpers/faults/x6-failover.ts'
import { checkRefused, checkScriptsFlushed } from '../helpers/faults/x7-orders.ts'
import { startCluster } from '../helpers/redis/cluster.ts'

// The short form of __tests__/faults.
describe('four processes, and a Redis', () => {
  it('X3, D4: that is killed and starts empty: know all again within a sync', async () => {
    await checkEmptied(short('node-redis'), 'SIGKILL and an empty start', 'each holds its part')
  })

  it('X4, D7, D11: that does not answer for a while: wait for commandTimeoutMs at most', async () => {
    await checkSlow(short('ioredis'), 'CLIENT PAUSE ALL', { pauseMs: 1_000, allowedMs: 200 })
  })

  it('X5, D6, F49: behind a network that swallows all and then delivers it late: are right within a sync', async () => {
    await checkFlooded(short('ioredis'), 'a black hole')
  })

  it('X5, D7, D8: behind a network that cuts before the reply: lose nothing that was given back', async () => {
    await checkChurned(short('node-redis'), 'cuts before the reply')
  })

  it('X6, D5, F62: whose replica takes over without what was written last: are over by that at most', async () => {
    await checkFailover(short('ioredis'))
  })

  it('X7, D1: that forgets its scripts under load: do not notice', async () => {
    await checkScriptsFlushed(short('node-redis'), 5)
  })

  it('X7, D6: that has no memory left: let in a fair share each', async () => {
    await checkRefused(short('ioredis'), 'maxmemory 1')
  })

  it('D1: that is a cluster of three nodes: are exact under many keys', async () => {
    const cluster = (await startCluster()).map(({ port }) => port)
    await checkExact(short('ioredis'), { opens: 2_000, keys: 6, place: { cluster } })
  })
})
