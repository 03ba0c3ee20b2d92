import type { Duplex } from 'node:stream'
import { expect } from '@jest/globals'
import { WebSocket } from 'ws'
import { byIp } from '../../../lib/index.ts'
import { Asked } from '../../helpers/asked.ts'
import type { Client } from '../../helpers/client.ts'
import { destroyAfter, untilConnections } from '../../helpers/server.ts'
import { livingThrough } from '../../helpers/uncaught.ts'
import { nextTurn, until } from '../../helpers/until.ts'
import { upgradeTo } from '../../helpers/upgrades.ts'
import type { Theme } from '../matrix.ts'
import type { Stand } from '../stand.ts'

const not = { http2: 'no upgrade in HTTP/2' }
const wsOnly = { ...not, http1: 'WebSockets only' }
const connect = 'CONNECT test:1 HTTP/1.1\r\nHost: test\r\n\r\n'

/** Slots of upgrades. */
async function counts(stand: Stand, active: number): Promise<void> {
  await until(`${active} are counted`, () => stand.upgrades.zones[0]!.stats().active === active)
}

/** An upgrade that was made. */
async function upgraded(stand: Stand): Promise<Client> {
  const client = await stand.upgrade()
  expect(await client.answer()).toBe(101)
  await counts(stand, 1)
  return client
}

/** An upgrade that the application lets lie, with bytes behind it. */
async function ignored(stand: Stand, bytes = ''): Promise<Client> {
  const onUpgrade = stand.onUpgrade
  stand.onUpgrade = () => undefined
  const client = await stand.upgrade()
  await counts(stand, 1)
  client.write(bytes)
  stand.onUpgrade = onUpgrade
  return client
}

/** A WebSocket with a client that knows how to speak it, and its other side. */
async function webSocket({ served, wss }: Stand): Promise<readonly [client: WebSocket, server: WebSocket]> {
  const client = new WebSocket(served.url.replace('http', 'ws'))
  destroyAfter({ destroy: () => client.terminate() })
  client.on('error', () => undefined)
  await until('it is open', () => client.readyState === WebSocket.OPEN)
  return [client, [...wss.clients][0]!]
}

export const upgrades: Theme = {
  title: 'Upgrades and WebSockets',
  rows: [
    {
      name: 'made, then FIN',
      ids: 'N27, A-10, F11',
      not,
      run: async (stand) => void (await upgraded(stand)).socket.end(),
    },
    {
      name: 'made, then RST',
      ids: 'N27, A-10, F41',
      not,
      run: async (stand) => (await upgraded(stand)).reset(),
    },
    {
      name: 'made, then destroyed by the server',
      ids: 'N27, A-10',
      not,
      run: async (stand) => {
        const client = await upgraded(stand)
        const [socket] = stand.column.speaks === 'ws' ? stand.sockets : stand.echo.sockets
        socket!.destroy()
        await client.closed()
      },
    },
    {
      name: 'a WebSocket that the client closes',
      ids: 'N27, A-10',
      not: wsOnly,
      run: async (stand) => {
        const [client] = await webSocket(stand)
        await counts(stand, 1)
        client.close()
      },
    },
    {
      name: 'a WebSocket that the server closes',
      ids: 'N27, A-10',
      not: wsOnly,
      run: async (stand) => (await webSocket(stand))[1].close(1001),
    },
    {
      name: 'a WebSocket that the client terminates',
      ids: 'N27, A-10',
      not: wsOnly,
      run: async (stand) => (await webSocket(stand))[0].terminate(),
    },
    {
      name: 'a WebSocket that the server terminates',
      ids: 'N27, A-10',
      not: wsOnly,
      run: async (stand) => (await webSocket(stand))[1].terminate(),
    },
    {
      name: 'a WebSocket with what is no frame',
      ids: 'N27, A-10',
      not: wsOnly,
      run: async (stand) => (await upgraded(stand)).write('\xff\xff\xff').closed(),
    },
    {
      name: 'a WebSocket with a message of 10 MB that the client does not read, then RST',
      ids: 'N27, N43',
      not: wsOnly,
      run: async (stand) => {
        const client = await upgraded(stand)
        client.socket.pause()
        ;[...stand.wss.clients][0]!.send('x'.repeat(10_000_000))
        await until('some of it has gone', () => stand.sockets.some((socket) => socket.bytesWritten > 60_000))
        client.reset()
      },
    },
    {
      name: 'answered 400',
      ids: 'N27, A-10, F42',
      not,
      run: async (stand) => {
        const onUpgrade = stand.onUpgrade
        if (stand.column.speaks !== 'ws')
          stand.onUpgrade = (_, socket) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
        // ws itself says so where the key is missing.
        const client = (await stand.client()).write(upgradeTo('websocket'))
        expect(await client.answer()).toBe(400)
        await client.closed()
        stand.onUpgrade = onUpgrade
        expect(stand.upgrades.zones[0]!.stats().passed).toBe(1)
      },
    },
    {
      name: 'ignored, then FIN',
      ids: 'N27, A-11, F15, F61',
      isSwept: true,
      not,
      run: async (stand) => void (await ignored(stand)).socket.end(),
    },
    {
      name: 'ignored, unread bytes, then FIN',
      ids: 'A-11, F43',
      isSwept: true,
      not,
      run: async (stand) => void (await ignored(stand, 'x'.repeat(100))).socket.end(),
    },
    {
      name: 'ignored, then RST',
      ids: 'N48, A-11',
      not,
      run: async (stand) => (await ignored(stand)).reset(),
    },
    {
      name: 'ignored, 300 KB of unread bytes, then RST',
      ids: 'N43, A-11',
      isSwept: true,
      not,
      run: async (stand) => {
        const client = await ignored(stand, 'x'.repeat(300_000))
        await until('some of it has come', () => stand.sockets.some(({ bytesRead }) => bytesRead > 1_000))
        client.reset()
      },
    },
    {
      name: 'the upgrade handler throws',
      ids: 'N41, A-15',
      isSwept: true,
      not,
      run: async (stand) => {
        const onUpgrade = stand.onUpgrade
        stand.onUpgrade = () => {
          throw new Error('theirs')
        }
        const client = await stand.client()
        await livingThrough(async (uncaught) => {
          client.write(upgradeTo('websocket'))
          await until('the process hears of it', () => uncaught.join() === 'theirs')
        })
        await counts(stand, 1)
        stand.onUpgrade = onUpgrade
        client.socket.end()
      },
    },
    {
      name: 'destroyed by another listener before limitUpgrade, in the same tick',
      ids: 'N21, A-14',
      not,
      run: async (stand) => {
        const end = (_: unknown, socket: Duplex): unknown => socket.destroy()
        stand.server.prependListener('upgrade', end)
        await (await stand.upgrade()).closed()
        stand.server.off('upgrade', end)
        expect(stand.upgrades.zones[0]!.stats().passed).toBe(0)
      },
    },
    {
      name: 'destroyed by another listener after limitUpgrade, in the same tick',
      ids: 'N21, A-14',
      not,
      run: async (stand) => {
        const end = (_: unknown, socket: Duplex): unknown => socket.destroy()
        stand.server.on('upgrade', end)
        await (await stand.upgrade()).closed()
        stand.server.off('upgrade', end)
        expect(stand.upgrades.zones[0]!.stats().passed).toBe(1)
      },
    },
    {
      name: 'RST while an async key of limitUpgrade is waited for',
      ids: 'N21, A-05',
      not,
      run: async (stand) => {
        const asked = new Asked<string>()
        stand.upgrades.setConfig({ key: ({ socket }) => asked.ask(socket) })
        const client = await stand.upgrade()
        await asked.arrived(1)
        client.reset()
        await untilConnections(stand.served.server, 0)
        asked.answer('k')
        await nextTurn()
        stand.upgrades.setConfig({ key: byIp() })
        expect(stand.upgrades.zones[0]!.stats().active).toBe(0)
      },
    },
    {
      name: 'Upgrade header, and no listener: a request like others',
      ids: 'N28, A-10',
      not: { ...not, ws: 'ws listens' },
      run: async (stand) => {
        stand.server.off('upgrade', stand.upgrades)
        const client = await stand.upgrade()
        await stand.held.arrived(1)
        await stand.counts(1, 1)
        stand.held.release()
        expect(await client.answer()).toBe(200)
        stand.server.on('upgrade', stand.upgrades)
        client.socket.end()
      },
    },
    {
      name: 'CONNECT, and no listener: closed by Node',
      ids: 'N29',
      not,
      run: async (stand) => {
        await (await stand.client()).write(connect).closed()
        expect(stand.guard.zones[0]!.stats().passed).toBe(1)
      },
    },
    {
      name: 'CONNECT ignored, then FIN',
      ids: 'N29, A-11',
      isSwept: true,
      not,
      run: async (stand) => {
        const onUpgrade = stand.onUpgrade
        stand.onUpgrade = () => undefined
        stand.server.on('connect', stand.upgrades)
        const client = (await stand.client()).write(connect)
        await counts(stand, 1)
        stand.onUpgrade = onUpgrade
        client.socket.end()
      },
    },
  ],
}
