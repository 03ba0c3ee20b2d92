import { later, RedisServer } from './server.ts'

const slots = 16_384

/** A Redis Cluster on loopback whose slots are spread over its primaries; it ends with the test file. */
export async function startCluster(size = 3): Promise<RedisServer[]> {
  const nodes = await Promise.all(
    Array.from({ length: size }, () => RedisServer.start({ args: clusterArgs })),
  )
  const [first, ...others] = nodes as [RedisServer, ...RedisServer[]]

  for (const [index, node] of nodes.entries()) {
    const [from, to] = [index, index + 1].map((part) => Math.floor((slots * part) / size)) as [number, number]
    const own = Array.from({ length: to - from }, (_, n) => String(from + n))
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    await node.command('CLUSTER', 'ADDSLOTS', ...own)
  }
  for (const { port } of others) await first.command('CLUSTER', 'MEET', '127.0.0.1', String(port))
  for (const node of nodes) await untilWhole(node, size)
  return nodes
}

const clusterArgs = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']

/** Waits until a node knows all others, and all slots. */
async function untilWhole(node: RedisServer, size: number): Promise<void> {
  for (;;) {
    const info = String(await node.command('CLUSTER', 'INFO'))
    if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${size}`)) return
    await later()
  }
}
