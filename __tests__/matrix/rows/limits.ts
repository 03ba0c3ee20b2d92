import type { Socket } from 'node:net'
import { expect } from '@jest/globals'
import { byIp } from '../../../lib/index.ts'
import { Asked } from '../../helpers/asked.ts'
import type { Client } from '../../helpers/client.ts'
import { getRoot, hello } from '../../helpers/frames.ts'
import { untilConnections } from '../../helpers/server.ts'
import { closedByServer, tcp } from '../../helpers/tcp.ts'
import { nextTurn, until } from '../../helpers/until.ts'
import type { Theme } from '../matrix.ts'
import { webSocketHeaders, type Stand } from '../stand.ts'

/** Asks above the limit, and reads nothing. */
async function deaf(stand: Stand): Promise<Client> {
  const client = await stand.client({ allowHalfOpen: true })
  client.socket.pause()
  if (stand.column.speaks === 'http2') client.socket.write(Buffer.concat([hello(true), getRoot(1)]))
  else client.get('/', stand.column.speaks === 'ws' ? webSocketHeaders : {})
  await until('it is refused', () => stand.policy.zones[0]!.stats().rejected === 1)
  return client
}

export const limits: Theme = {
  title: 'Over the limit, and on the way in',
  rows: [
    {
      name: 'refused by the guard',
      ids: 'N11, N24, A-17',
      run: async (stand) => {
        const links = await Promise.all(Array.from({ length: stand.limits.guard }, () => stand.connect()))
        await stand.counts(stand.limits.guard, 0)
        for (let n = 0; n < 3; n++) await closedByServer(tcp(stand.served.port))
        expect(stand.guard.zones[0]!.stats().rejected).toBe(3)
        for (const link of links) link.end()
      },
    },
    {
      name: 'refused by the guard, RST in the same moment',
      ids: 'N3, N12, A-17',
      run: async (stand) => {
        const links = await Promise.all(Array.from({ length: stand.limits.guard }, () => stand.connect()))
        await stand.counts(stand.limits.guard, 0)
        for (let n = 0; n < 20; n++) {
          const client = tcp(stand.served.port)
          client.once('connect', () => client.resetAndDestroy())
          await until('it is closed', () => client.closed)
        }
        for (const link of links) link.end()
      },
    },
    {
      name: 'answered 503; the client reads',
      ids: 'N6, N8, A-17, N50',
      run: async (stand) => {
        const links = await stand.fill()
        const above = (await stand.connect()).ask()
        expect(await above.status()).toBe(503)
        await above.closed(2_000)
        expect(stand.holding).toBe(4)
        await stand.counts(4, 4)
        for (const link of links) link.end()
      },
    },
    {
      name: 'answered 503; the client neither reads nor closes',
      ids: 'N9, N50, A-17',
      run: async (stand) => {
        const links = await stand.fill()
        // More than the kernel takes: Node would close by itself what it has sent.
        stand.policy.setConfig({ message: 'x'.repeat(20_000_000) })
        await deaf(stand)
        await untilConnections(stand.served.server, 4, 2_000)
        expect(stand.holding).toBe(4)
        stand.policy.setConfig({ message: 'full' })
        for (const link of links) link.end()
      },
    },
    {
      name: 'answered 503; RST before it is read',
      ids: 'N12, A-17, A-45',
      run: async (stand) => {
        const links = await stand.fill()
        ;(await deaf(stand)).reset()
        for (const link of links) link.reset()
      },
    },
    {
      name: '300 requests pipelined behind a refused one, and room for them: none runs',
      ids: 'N6, A-20',
      not: { http2: 'no pipelining in HTTP/2', ws: 'no pipelining of upgrades' },
      run: async (stand) => {
        const links = await stand.fill()
        const policy = stand.connections
        policy.setConfig({ reject: (_req, _res, next) => (policy.setConfig({ limit: 100 }), next()) })
        const client = await stand.client()
        client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(301))
        await client.closed()
        expect(client.statuses).toEqual([503])
        expect(stand.held.runs).toBe(4)
        policy.setConfig({ reject: 'respond', limit: 4 })
        for (const link of links) link.end()
      },
    },
    {
      name: 'refused while its body is on the way',
      ids: 'N9, A-17',
      not: { http2: 'HTTP/1 only', ws: 'an upgrade has no body' },
      run: async (stand) => {
        const links = await stand.fill()
        const client = await stand.client({ allowHalfOpen: true })
        client.write(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(50_000)}`)
        expect(await client.answer()).toBe(503)
        await untilConnections(stand.served.server, 4, 2_000)
        for (const link of links) link.end()
      },
    },
    {
      name: 'an upgrade is refused, bytes behind it',
      ids: 'N28, A-10',
      not: { http2: 'no upgrade in HTTP/2' },
      run: async (stand) => {
        const clients = [1, 2, 3, 4].map(() => stand.upgrade())
        for (const client of clients) expect(await (await client).answer()).toBe(101)
        const above = await stand.upgrade('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
        await above.closed()
        expect(above.statuses).toEqual([503])
        expect(stand.upgrades.zones[0]!.stats()).toMatchObject({ passed: 4, rejected: 1, active: 4 })
        expect(stand.held.runs).toBe(0)
        for (const client of clients) (await client).socket.end()
      },
    },
    {
      name: 'RST while an async key of limitConn is waited for',
      ids: 'N4, N21, N49, A-05, F1, F2',
      run: async (stand) => {
        const asked = new Asked<string>()
        stand.policy.setConfig({ key: ({ socket }: { readonly socket: Socket }) => asked.ask(socket) })
        const link = (await stand.connect()).ask()
        await asked.arrived(1)
        link.reset()
        await untilConnections(stand.served.server, 0)
        asked.answer('k')
        await nextTurn()
        stand.policy.setConfig({ key: byIp() })
        expect(stand.holding).toBe(0)
        expect(stand.policy.zones[0]!.stats().active).toBe(0)
      },
    },
    {
      name: 'RST while an async key of the guard is waited for',
      ids: 'N3, N21, N49, A-05',
      run: async (stand) => {
        const asked = new Asked<string>()
        stand.guard.setConfig({ key: asked.ask })
        const client = tcp(stand.served.port)
        await asked.arrived(1)
        client.resetAndDestroy()
        await untilConnections(stand.served.server, 0)
        asked.answer('k')
        await nextTurn()
        stand.guard.setConfig({ key: byIp() })
        expect(stand.guard.zones[0]!.stats().passed).toBe(0)
      },
    },
  ],
}
