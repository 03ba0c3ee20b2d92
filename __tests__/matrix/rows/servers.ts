import { once } from 'node:events'
import { expect } from '@jest/globals'
import { forget, untilConnections } from '../../helpers/server.ts'
import { livingThrough } from '../../helpers/uncaught.ts'
import { until } from '../../helpers/until.ts'
import type { Theme } from '../matrix.ts'
import type { Stand } from '../stand.ts'

/** Three connections: one that was answered, one in work, one that has sent nothing; a WebSocket is always in work. */
async function three(stand: Stand) {
  const idle = await stand.enter()
  if (stand.column.speaks !== 'ws') await stand.answer(idle)
  const [active, silent] = [await stand.enter(), await stand.connect()]
  await stand.counts(3, 2)
  // Node closes no connection that is in its handshake.
  const parts = stand.column.isTls ? 2 : 1
  await until('no handshake is left', () => stand.sockets.length === 3 * parts)
  return { idle, active, silent }
}

/** Listens again, on the same port. */
async function reopen({ served, server }: Stand): Promise<void> {
  server.listen(served.port, '127.0.0.1')
  await once(server, 'listening')
}

export const servers: Theme = {
  title: 'Servers, and what befalls a socket',
  rows: [
    {
      name: 'server.close() with idle, busy and silent connections',
      ids: 'N15, A-23',
      run: async (stand) => {
        const { idle, active, silent } = await three(stand)
        stand.server.keepAliveTimeout = 50
        let isClosed = false
        stand.server.close(() => (isClosed = true))
        if (stand.column.speaks === 'ws') idle.end()
        else await stand.answer(active)
        for (const link of [idle, active, silent]) link.end()
        await until('the server is closed', () => isClosed)
        await stand.counts(0, 0)
        stand.server.keepAliveTimeout = 60_000
        await reopen(stand)
      },
    },
    {
      name: 'server.closeAllConnections() with idle, busy and silent connections',
      ids: 'N14, A-23',
      not: { http2: 'HTTP/1 only' },
      run: async (stand) => {
        const { idle, active, silent } = await three(stand)
        stand.server.closeAllConnections()
        await silent.closed()
        if (stand.column.speaks === 'ws') {
          // It leaves WebSockets.
          await stand.counts(2, 2)
          for (const ws of stand.wss.clients) ws.terminate()
        }
        for (const link of [idle, active]) await link.closed()
      },
    },
    {
      name: 'server.closeIdleConnections()',
      ids: 'N13, A-23',
      not: { http2: 'HTTP/1 only', ws: 'a WebSocket is never idle' },
      run: async (stand) => {
        const { idle, active, silent } = await three(stand)
        stand.server.closeIdleConnections()
        await idle.closed()
        await stand.counts(2, 1)
        for (const link of [active, silent]) link.end()
      },
    },
    {
      name: 'somebody removes the close listeners, then RST',
      ids: 'A-28',
      isSwept: true,
      run: async (stand) => {
        const link = await stand.enter()
        for (const socket of stand.sockets) socket.removeAllListeners('close')
        link.reset()
        await stand.counts(0, 0)
        await until('they are destroyed', () => stand.sockets.every(({ destroyed }) => destroyed))
        forget(stand.served)
      },
    },
    {
      name: 'a close listener of somebody throws, then RST',
      ids: 'A-28, F58',
      isSwept: true,
      run: async (stand) => {
        const link = await stand.enter()
        const thrower = (): never => {
          throw new Error('theirs')
        }
        for (const socket of stand.sockets) socket.prependListener('close', thrower)
        await livingThrough(async (uncaught) => {
          link.reset()
          await until('the process hears of it', () => uncaught.length > 0)
          await stand.counts(0, 0)
          await until('they are closed', () => stand.sockets.every(({ closed }) => closed))
        })
        forget(stand.served)
      },
    },
    {
      name: 'handed over by another server: emit("connection")',
      ids: 'N38, A-28',
      options: { isHandedOver: true },
      run: async (stand) => {
        const links = [await stand.enter(), await stand.enter()]
        await stand.counts(2, 2)
        links[0]!.end()
        links[1]!.reset()
      },
    },
    {
      name: 'kicked: zone.kick()',
      ids: 'A-01',
      run: async (stand) => {
        const links = [await stand.enter(), await stand.enter()]
        expect(stand.guard.zones[0]!.kick('127.0.0.1')).toBe(2)
        await stand.counts(0, 0)
        for (const link of links) await link.closed()
      },
    },
    {
      name: 'closed for a newcomer: onLimit "evict-oldest"',
      ids: 'A-01',
      run: async (stand) => {
        const links = await stand.fill()
        stand.policy.setConfig({ onLimit: 'evict-oldest' })
        links.push(await stand.enter())
        await links[0]!.closed()
        await stand.counts(4, 4)
        stand.policy.setConfig({ onLimit: 'reject' })
        for (const link of links) link.end()
      },
    },
    {
      name: 'drained: guard.drain()',
      ids: 'A-23',
      run: async (stand) => {
        const { idle, active, silent } = await three(stand)
        await stand.guard.drain(50)
        await untilConnections(stand.served.server, 0)
        for (const link of [idle, active, silent]) await link.closed()
      },
    },
    {
      name: 'open for longer than maxLifetimeMs',
      ids: 'F59',
      isSwept: true,
      run: async (stand) => {
        const link = await stand.enter()
        stand.guard.setConfig({ maxLifetimeMs: 100 })
        await link.closed()
        stand.guard.setConfig({ maxLifetimeMs: false })
      },
    },
  ],
}
