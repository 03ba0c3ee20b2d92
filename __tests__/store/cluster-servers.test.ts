import path from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Child } from '../helpers/child.ts'
import { connectTo, type Client } from '../helpers/client.ts'

const run = (how: string): Child => new Child([path.join(__dirname, '../helpers/cluster-servers.js'), how])
const clients: Client[] = []

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
})

async function linesOf(how: string): Promise<string[]> {
  const child = run(how)
  expect({ code: await child.exit(), said: child.stderr }).toEqual({ code: 0, said: '' })
  return child.stdout.trim().split('\n')
}

describe('ClusterZone', () => {
  it('is refused in a process that is no worker and shares no zones', async () => {
    expect(await linesOf('alone')).toEqual([
      'ERR_LIMIT_CONN_NO_PRIMARY: a ClusterZone was made in a process that is no worker and shares no zones; call shareZones() of limit-conn/cluster before; or make the zone in workers of node:cluster',
    ])
  })

  it('works in a process without workers that shares zones; once for each name, until it is closed', async () => {
    expect(await linesOf('itself')).toEqual([
      expect.stringMatching(/^ERR_LIMIT_CONN_DUPLICATE_NAME: zone.name is "z"/),
      '0',
      'none',
    ])
  })

  it('is refused in a worker that was forked before shareZones(), which is refused there, too', async () => {
    expect(await linesOf('early')).toEqual([
      expect.stringMatching(
        /^ERR_LIMIT_CONN_NO_PRIMARY: a ClusterZone was made, and the primary of this worker shares no zones; call shareZones\(\) .* before cluster.fork\(\)/,
      ),
      'ERR_LIMIT_CONN_NO_PRIMARY: shareZones() was called in a worker; call it in the primary, before cluster.fork()',
    ])
  })

  it('has one limit for the middleware of all workers on a port, and one for their guards', async () => {
    const child = run('servers')
    const port = Number(await child.ready())
    const connect = async (): Promise<Client> => {
      const client = await connectTo({ port, isTls: false })
      clients.push(client)
      return client
    }
    const statuses: number[] = []
    for (let n = 0; n < 5; n++) statuses.push(await (await connect()).get().answer())
    expect(statuses).toEqual([200, 200, 200, 503, 503])
    const workers = clients.map(({ received }) => /^worker (\d+)$/m.exec(received)?.[1])
    expect(new Set(workers.filter(Boolean)).size).toBe(2)

    // Refused by the middleware, and closed: three are left.
    await clients[3]!.closed()
    await clients[4]!.closed()
    const silent = [await connect(), await connect(), await connect()]
    await silent[2]!.closed()
    expect(silent.map(({ isClosed }) => isClosed)).toEqual([false, false, true])

    for (const client of clients) client.destroy()
    const deadline = performance.now() + 10_000
    while (String(await child.ask('count')) !== '0,0')
      if (performance.now() > deadline) throw new Error('something is left')
    expect(child.stderr).not.toContain('WRN_LIMIT_CONN_SEVERAL_PROCESSES')
  })
})
