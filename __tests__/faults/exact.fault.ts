import { describe, it } from '@jest/globals'
import { checkExact } from '../helpers/faults/exact.ts'
import { whole } from '../helpers/faults/stage.ts'
import { checkKilled } from '../helpers/faults/x1-killed.ts'
import { clientKinds, type RedisPlace } from '../helpers/redis/clients.ts'
import { startCluster } from '../helpers/redis/cluster.ts'

describe.each(clientKinds)('four processes, by %s', (client) => {
  it('D1, A-58: are exact over 100,000 opens', async () => {
    await checkExact(whole(client), { opens: 100_000 })
  })

  it('D1: are exact with the connections of a guard', async () => {
    await checkExact(whole(client), { opens: 8_000, keys: 3, holdMs: 30, carrier: 'sockets' })
  })
})

describe.each(clientKinds)('four processes on a Redis Cluster of three nodes, by %s', (client) => {
  it('D1: are exact under many keys', async () => {
    await checkExact(whole(client), { opens: 20_000, keys: 12, place: await clusterPlace() })
  })

  it('D2: give back what they held when they are killed', async () => {
    await checkKilled(whole(client), 3, await clusterPlace())
  })
})

async function clusterPlace(): Promise<RedisPlace> {
  return { cluster: (await startCluster()).map(({ port }) => port) }
}
