import { Redis } from 'ioredis'

/** What one process has written under one key. */
export interface WrittenCell {
  readonly key: string
  readonly id: string
  readonly count: number
}

/** What stands in Redis of a zone, on all servers that have a part of it. */
export interface Written {
  readonly cells: readonly WrittenCell[]
  /** Ids of the processes that share the zone. */
  readonly instances: readonly string[]
}

export async function writtenIn(urls: readonly string[], zone: string): Promise<Written> {
  const parts = await Promise.all(urls.map((url) => readOne(url, zone)))
  return {
    cells: parts.flatMap(({ cells }) => cells),
    instances: parts.flatMap(({ instances }) => instances),
  }
}

/** A connection of its own: what is looked at must not be changed by looking. */
async function readOne(url: string, zone: string): Promise<Written> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: null })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const keys = await client.keys(`limit-conn:${zone}:{*`)
    const cells = await Promise.all(keys.map((key) => readCells(client, key)))
    const instances = `limit-conn:${zone}:instances`
    const isHere = (await client.keys(instances)).length > 0
    return { cells: cells.flat(), instances: isHere ? await client.zrange(instances, '0', '-1') : [] }
  } finally {
    client.disconnect()
  }
}

async function readCells(client: Redis, key: string): Promise<readonly WrittenCell[]> {
  const fields = Object.entries(await client.hgetall(key))
  return fields.map(([id, value]) => ({ key, id, count: Number.parseInt(value, 10) }))
}
