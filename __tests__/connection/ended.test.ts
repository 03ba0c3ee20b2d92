import type { Socket } from 'node:net'
import { expect, it } from '@jest/globals'
import { limitConn } from '../../lib/index.ts'
import { guarded } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { connectionsOf, serve } from '../helpers/server.ts'
import { upgrading } from '../helpers/upgrades.ts'
import { nextTurn, until } from '../helpers/until.ts'

// Between the end of a socket and its `close` Node lets other callbacks run.

it('limitConn: a connection that was destroyed a moment ago, and has not closed yet, is not counted', async () => {
  const keys: ((key: string) => void)[] = []
  const policy = limitConn({ limit: 1, key: () => new Promise((resolve) => keys.push(resolve)) })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy] })
  await server.get()
  await until('it waits for the key', () => keys.length === 1)

  destroyAndAnswer(server.sockets, keys)
  await until('the connection is closed', () => server.sockets.size === 0)
  expect(policy.zones[0]!.stats()).toMatchObject({ passed: 0, peak: 0 })
  expect(held.runs).toBe(0)
})

it('limitUpgrade: the same', async () => {
  const keys: ((key: string) => void)[] = []
  const key = (): Promise<string> => new Promise((resolve) => keys.push(resolve))
  const { ask, zone, sockets, echo } = await upgrading({ key })
  await ask()
  await until('it waits for the key', () => keys.length === 1)

  destroyAndAnswer(sockets, keys)
  await until('the connection is closed', () => sockets.size === 0)
  expect(zone.stats()).toMatchObject({ passed: 0, peak: 0 })
  expect(echo.runs).toBe(0)
})

it('limitServer: the same', async () => {
  const keys: ((key: string) => void)[] = []
  const accepted: Socket[] = []
  let heard = 0
  const { connect, server, zone } = await guarded('http', {
    limit: 1,
    key: (socket: Socket) => (accepted.push(socket), new Promise((resolve) => keys.push(resolve))),
  })
  server.on('connection', () => heard++)
  await connect()
  await until('it waits for the key', () => keys.length === 1)

  destroyAndAnswer(accepted, keys)
  while ((await connectionsOf(server)) > 0) await nextTurn()
  expect(zone.stats()).toMatchObject({ passed: 0, peak: 0 })
  expect(heard).toBe(0)
})

function destroyAndAnswer(sockets: Iterable<Socket>, keys: ((key: string) => void)[]): void {
  for (const socket of sockets) socket.destroy()
  for (const answer of keys) answer('k')
}
