import net, { type Socket } from 'node:net'
import { expect, it } from '@jest/globals'
import { Connection } from '../../lib/connection/connection.ts'
import { Sweep, type SweepTimes } from '../../lib/connection/sweep.ts'
import type { Client } from '../helpers/client.ts'
import { listen, type Served } from '../helpers/server.ts'
import { nextTurn, until } from '../helpers/until.ts'

const never = { everyMs: 3_600_000, graceMs: 3_600_000 }

interface Setup {
  readonly times?: SweepTimes
  /** Node does not even look at them: it tells nothing of a reset. */
  readonly pauseOnConnect?: boolean
}

/** A sweep over connections that nobody reads. */
async function unread(n: number, { times = never, pauseOnConnect = true }: Setup = {}) {
  const sweep = new Sweep(times)
  const connections: Connection[] = []
  const server = net.createServer({ pauseOnConnect }, (socket: Socket) => {
    socket.on('error', () => undefined)
    connections.push(Connection.of(socket))
  })
  const served = await listen(server, { policies: [] })
  const clients = await connectAll(served, n)
  await until('all are accepted', () => connections.length === n)
  for (const connection of connections) sweep.watch(connection)
  return { sweep, clients, connections, sockets: served.sockets }
}

async function connectAll({ connect }: Served, n: number): Promise<Client[]> {
  const clients: Client[] = []
  while (clients.length < n)
    clients.push(...(await Promise.all(Array.from({ length: 100 }, () => connect()))))
  return clients
}

/** Resets them all, and waits until the kernel knows. */
async function resetAll({ clients, connections }: Awaited<ReturnType<typeof unread>>): Promise<void> {
  for (const client of clients) client.reset()
  await until('the kernel has closed them', () => connections.every((each) => each.pulse() === 'gone'))
}

it('closes many lost connections at its next look, and other work has its turn meanwhile', async () => {
  const setup = await unread(800)
  const { sweep, connections, sockets } = setup
  await resetAll(setup)
  await sweep.run()
  expect(connections.every(({ holder }) => holder.isEnded)).toBe(true)
  expect([sweep.size, sockets.size]).toEqual([800, 800])

  const next = sweep.run()
  const openInFirstTurn = connections.filter(({ socket }) => !socket.destroyed).length
  await next

  expect(openInFirstTurn).toBeGreaterThan(0)
  expect(connections.every(({ socket }) => socket.destroyed)).toBe(true)
  expect(sweep.size).toBe(0)
})

it('bears connections that end while it runs', async () => {
  const { sweep, connections } = await unread(400)
  const before = sweep.size
  const run = sweep.run()
  for (const { socket } of connections) socket.destroy()
  await run
  await until('none is watched', () => sweep.size === 0)

  expect(before).toBe(400)
  expect(connections.every(({ holder }) => holder.isEnded)).toBe(true)
})

it('setTimes changes how often it looks, for those that are watched too', async () => {
  const setup = await unread(100)
  const { sweep, sockets } = setup
  await resetAll(setup)
  for (let turn = 0; turn < 20; turn++) await nextTurn()
  expect(sockets.size).toBe(100)

  sweep.setTimes({ everyMs: 5, graceMs: never.graceMs })
  await until('it has looked twice', () => sockets.size === 0)
  expect(sweep.size).toBe(0)
})

it('setTimes changes the grace time, for those that are watched too', async () => {
  const { sweep, clients, sockets } = await unread(100, {
    times: { everyMs: 5, graceMs: never.graceMs },
    pauseOnConnect: false,
  })
  for (const client of clients) client.write('x').socket.end()
  for (let turn = 0; turn < 20; turn++) await nextTurn()
  expect(sockets.size).toBe(100)

  sweep.setTimes({ everyMs: 5, graceMs: 10 })
  await until('all are destroyed', () => sockets.size === 0)
})
