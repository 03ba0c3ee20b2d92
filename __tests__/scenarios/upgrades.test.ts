import type { Duplex } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { limitConn, type Zone } from '../../lib/index.ts'
import { Child } from '../helpers/child.ts'
import type { Client } from '../helpers/client.ts'
import { guarded } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { connectionsOf, expectEven, serve } from '../helpers/server.ts'
import { switching, upgradeTo, upgrading } from '../helpers/upgrades.ts'
import { nextTurn, until } from '../helpers/until.ts'

const sweep = { everyMs: 20, graceMs: 100 }

/** What an application may do with the upgrades that come to it. */
const applications: Record<string, (socket: Duplex) => unknown> = {
  'makes it': (socket) => socket.write(switching),
  'answers 404': (socket) => socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n'),
  'answers 400 and destroys the socket': (socket) =>
    socket.write('HTTP/1.1 400 Bad Request\r\n\r\n', () => socket.destroy()),
  'ignores it': () => undefined,
}

/** Every upgrade that passes by middleware: any protocol, any path. */
const asked = (n: number): string => upgradeTo(n % 2 ? 'foo' : 'websocket', `/any/${n}`)

describe.each(Object.keys(applications))('A-10: 50 upgrades, limit 5; the application %s', (name) => {
  const serveAll = (sockets: Duplex[]): void => {
    for (const socket of sockets) applications[name]!(socket)
  }

  it('F42: under limitUpgrade: 5 are let in, and all slots come back', async () => {
    const taken: Duplex[] = []
    const { connect, zone, server } = await upgrading(
      { limit: 5, logLevel: false, sweep },
      { handler: (_req, socket) => taken.push(socket) },
    )
    const clients = await Promise.all(Array.from({ length: 50 }, () => connect()))
    for (const [n, client] of clients.entries()) client.write(asked(n))

    await until('45 are refused', () => clients.filter(({ statuses }) => statuses[0] === 503).length === 45)
    while ((await connectionsOf(server)) > 5) await nextTurn()
    expect(zone.stats()).toMatchObject({ passed: 5, rejected: 45, active: 5, peak: 5 })
    serveAll(taken)
    await leaveAll(clients, zone)
  })

  it('under the guard: 5 connections stay, and no listener hears of the others', async () => {
    const taken: Duplex[] = []
    const { zone, server, guard, connect } = await guarded('http', { limit: 5, sweep })
    server.on('upgrade', (_req, socket) => taken.push(socket))
    const clients = await Promise.all(Array.from({ length: 50 }, () => connect()))
    for (const [n, client] of clients.entries()) client.write(asked(n))

    await until('45 are closed', () => clients.filter(({ isClosed }) => isClosed).length === 45)
    expect(zone.stats()).toMatchObject({ passed: 5, rejected: 45, active: 5, peak: 5 })
    await until('5 have come to the listener', () => taken.length === 5)
    await expectEven(server, guard)
    serveAll(taken)
    await leaveAll(clients, zone)
    expect(taken).toHaveLength(5)
  })

  /** What the application has not closed keeps its slot until the client goes. */
  async function leaveAll(clients: Client[], zone: Zone): Promise<void> {
    const staying = name === 'makes it' || name === 'ignores it' ? 5 : 0
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    await until(`${staying} stay`, () => zone.stats().active === staying)
    for (const client of clients) client.destroy()
    await until('the slots are given back', () => zone.stats().active === 0)
  }
})

describe('what middleware does not see', () => {
  it('N28: with no listener of upgrade it is a request like any other, and middleware counts it', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const held = new Held()
    const { connect } = await serve(express().use(policy).use(held.handler), { policies: [policy] })
    const client = await connect()
    client.write(upgradeTo('websocket'))
    await held.arrived(1)
    expect(await (await connect()).write(upgradeTo('foo', '/x')).answer()).toBe(503)
  })

  it('N27, N28: with a listener every upgrade passes by the middleware, and meets the policy on upgrades', async () => {
    const middleware = limitConn({ limit: 1, logLevel: false })
    const held = new Held()
    const { connect, zone } = await upgrading(
      { limit: 2, logLevel: false },
      { requests: express().use(middleware).use(held.handler), policies: [middleware] },
    )
    const statuses = []
    for (const n of [1, 2, 3, 4]) statuses.push(await (await connect()).write(asked(n)).answer())
    expect(statuses).toEqual([101, 101, 503, 503])
    expect(middleware.zones[0]!.stats()).toMatchObject({ passed: 0, rejected: 0 })
    expect(held.runs).toBe(0)
    expect(zone.stats()).toMatchObject({ passed: 2, rejected: 2 })
  })

  it('N29: CONNECT without a listener is closed by Node; with one that ignores it, the sweep closes it', async () => {
    const { connect, server, policy, zone } = await upgrading(
      { limit: 1, logLevel: false, sweep },
      { handler: () => undefined },
    )
    const ask = 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n'
    const ignored = (await connect()).write(ask)
    await until('it is counted', () => zone.stats().active === 1)
    expect(await (await connect()).write(ask).answer()).toBe(503)
    ignored.socket.end()
    await until('the slot is given back', () => zone.stats().active === 0)
    await ignored.closed()

    server.removeListener('connect', policy)
    await (await connect()).write(ask).closed()
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1 })
  })
})

describe.each([
  ['limitUpgrade', false],
  ['the guard', true],
])('A-11: upgrades that the application ignores, under %s', (_, isGuarded) => {
  const leave: Record<string, (client: Client) => unknown> = {
    'a FIN': (client) => client.socket.end(),
    'unread bytes and a FIN': (client) => client.socket.end('x'.repeat(100)),
    '300 KB and a RST': (client) => client.socket.write('x'.repeat(300_000), () => client.reset()),
  }

  it.each(Object.keys(leave))('100 of 100 are given back after %s and the grace time', async (how) => {
    const options = { limit: 100, logLevel: false, sweep } as const
    const { connect, zone, server } = isGuarded
      ? await guarded('http', options)
      : await upgrading(options, { handler: () => undefined })
    if (isGuarded) server.on('upgrade', () => undefined)
    const clients = await Promise.all(Array.from({ length: 100 }, () => connect()))
    for (const client of clients) client.write(upgradeTo('foo'))
    await until('all are counted', () => zone.stats().active === 100)
    for (const client of clients) leave[how]!(client)
    await until('all are given back', () => zone.stats().active === 0)
    expect(zone.stats().peak).toBe(100)
  })
})

describe('A-25: Expect', () => {
  const expecting = (what: string): string =>
    `POST / HTTP/1.1\r\nHost: test\r\nExpect: ${what}\r\nContent-Length: 0\r\n\r\n`

  it.each(['without', 'with'])('N30, N31: under the guard, once each, %s checkContinue', async (listener) => {
    const { connect, server, guard, zone, held } = await guarded('http', { limit: 2 })
    if (listener === 'with')
      server.on('checkContinue', (req, res) => (res.writeContinue(), held.handler(req, res)))
    const client = await connect()
    client.write(expecting('100-continue'))
    await held.arrived(1)
    held.release()
    await until('it is answered', () => client.statuses.join() === '100,200')
    client.write(expecting('other'))
    expect(await client.answer(3)).toBe(417)
    expect(client.isClosed).toBe(false)
    expect(zone.stats()).toMatchObject({ passed: 1, active: 1 })
    await expectEven(server, guard)
    client.destroy()
    await until('the slot is given back', () => zone.stats().active === 0)
  })

  it.each(['100-continue', 'other'])('of an upgrade changes nothing: %s', async (what) => {
    const { connect, zone, server, echo } = await upgrading({ logLevel: false })
    server.on('checkContinue', (_req, res) => res.end())
    const ask = upgradeTo('foo', '/', { Expect: what })
    expect(await (await connect()).write(ask).answer()).toBe(101)
    expect(await (await connect()).write(ask).answer()).toBe(503)
    expect(echo.runs).toBe(1)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
  })
})

it('N48: the application ignores upgrades and the clients reset: the process lives, and nothing stays', async () => {
  const child = new Child([require.resolve('../helpers/ignoring-upgrades.js')])
  expect(await child.exit()).toBe(0)
  expect(JSON.parse(child.stdout)).toEqual({
    limitUpgrade: { passed: 50, active: 0, uncaught: 0 },
    limitServer: { passed: 50, active: 0, uncaught: 0 },
    nothing: { passed: 0, active: 0, uncaught: 50 },
  })
})
