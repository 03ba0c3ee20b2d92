import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { byHeader, byIp, limitConn, limitServer, limitUpgrade, Zone } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { expectEven, listen } from '../helpers/server.ts'
import { Echo, fullyUpgraded, makeServer, switching, upgradeTo, upgrading } from '../helpers/upgrades.ts'
import { until } from '../helpers/until.ts'

describe.each([false, true])('an upgraded connection, TLS %s', (tls) => {
  it.each([
    ['the client ends its side and the server the other', (client: Client) => client.socket.end()],
    ['the client resets', (client: Client) => client.reset()],
    ['the client destroys its socket', (client: Client) => client.destroy()],
    ['the server ends it', (_: Client, echo: Echo) => echo.sockets[0]!.end()],
    ['the server destroys it', (_: Client, echo: Echo) => echo.sockets[0]!.destroy()],
  ])('keeps its slot until it closes: %s', async (_, close) => {
    const { ask, zone, first, echo } = await fullyUpgraded({}, { tls })
    first.write('ping')
    await until('it lives', () => first.received.endsWith('ping'))
    expect(await (await ask()).answer()).toBe(503)
    expect(zone.stats().active).toBe(1)

    close(first, echo)
    await until('the slot is given back', () => zone.stats().active === 0)
    expect(await (await ask()).answer()).toBe(101)
  })

  it('F41: with limitConn, limitServer and a policy behind it in one zone: one connection and key, one slot', async () => {
    const zone = new Zone({ name: 'all' })
    const options = { zone, limit: 2, logLevel: false } as const
    const echo = new Echo()
    const middleware = limitConn(options)
    const upgrade = limitUpgrade(options, limitUpgrade(options, echo.handler))
    const server = makeServer(
      tls,
      bare([middleware], (_req, res) => res.end('ok')),
    ).on('upgrade', upgrade)
    const guard = limitServer(server, { ...options, limit: 3 })
    const { connect } = await listen(server, { policies: [guard, middleware, upgrade], guard, tls })

    const clients = [await connect(), await connect()]
    for (const client of clients) {
      for (const n of [1, 2, 3]) expect(await client.get().answer(n)).toBe(200)
      expect(await client.write(upgradeTo('foo')).answer(4)).toBe(101)
    }
    expect(zone.stats().active).toBe(2)
    await expectEven(server, guard)
    const third = (await connect()).write(upgradeTo('foo'))
    expect(await third.answer()).toBe(503)
    await third.closed()
    clients[0]!.destroy()
    await until('one slot is given back', () => zone.stats().active === 1)
    expect(echo.runs).toBe(2)
  })
})

it('an upgraded connection keeps its slot while one side is closed and the other still speaks', async () => {
  const echo = new Echo()
  const { ask, zone } = await upgrading(
    {},
    { handler: (_req, socket) => (echo.sockets.push(socket), socket.write(switching)) },
  )
  const client = await ask()
  await client.answer()
  const [socket] = echo.sockets
  socket!.resume()
  client.socket.end()
  await until('the server has seen the FIN', () => socket!.readableEnded)
  socket!.write('still here')
  await until('it is heard', () => client.received.endsWith('still here'))
  expect(zone.stats().active).toBe(1)
  socket!.end()
  await until('the slot is given back', () => zone.stats().active === 0)
})

it('takes a slot of its own under another key, and gives both back at its end', async () => {
  const zone = new Zone({ name: 'users' })
  const options = { zone, limit: 1, logLevel: false, key: byHeader('x-user') } as const
  const middleware = limitConn(options)
  const held = new Held()
  const { connect } = await upgrading(options, {
    policies: [middleware],
    requests: bare([middleware], held.handler),
  })
  const client = (await connect()).get('/', { 'X-User': 'ann' })
  await held.arrived(1)
  held.release()
  await client.answer()
  expect(await client.write(upgradeTo('foo', '/', { 'X-User': 'bob' })).answer(2)).toBe(101)
  expect([zone.count('ann'), zone.count('bob')]).toEqual([1, 1])

  expect(await (await connect()).write(upgradeTo('foo', '/', { 'X-User': 'bob' })).answer()).toBe(503)
  expect(await (await connect()).write(upgradeTo('foo', '/', { 'X-User': 'eve' })).answer()).toBe(101)
  client.destroy()
  await until('both are given back', () => zone.count('ann') + zone.count('bob') === 0)
})

describe('behind a proxy', () => {
  const from = (address: string) => ({ 'X-Forwarded-For': address })

  it('each client of a trusted proxy has its own limit, and a refusal closes its connection', async () => {
    const { ask, zone } = await upgrading({ key: byIp({ trustProxy: 'loopback' }) })
    expect(await (await ask(from('203.0.113.1'))).answer()).toBe(101)
    expect(await (await ask(from('203.0.113.2'))).answer()).toBe(101)
    const refused = await ask(from('203.0.113.1'))
    expect(await refused.answer()).toBe(503)
    await refused.closed()
    expect([zone.count('203.0.113.1'), zone.count('203.0.113.2'), zone.count('127.0.0.1')]).toEqual([1, 1, 0])
  })

  it('keep-alive requests of other clients before it leave their slots, the upgrade keeps its own', async () => {
    const zone = new Zone({ name: 'clients' })
    const options = { zone, limit: 1, key: byIp({ trustProxy: 'loopback' }), logLevel: false } as const
    const middleware = limitConn(options)
    const requests = bare([middleware], (_req, res) => res.end('ok'))
    const { connect, ask } = await upgrading(options, { policies: [middleware], requests })
    const client = (await connect()).get('/', from('203.0.113.1'))
    await client.answer()
    await until('the request is over', () => zone.stats().active === 0)
    client.write(upgradeTo('foo', '/', from('203.0.113.2')))
    expect(await client.answer(2)).toBe(101)
    expect([zone.count('203.0.113.1'), zone.count('203.0.113.2')]).toEqual([0, 1])
    expect(await (await ask(from('203.0.113.2'))).answer()).toBe(503)
    client.reset()
    await until('the slot is given back', () => zone.stats().active === 0)
  })

  it("Express's trust proxy does not reach it: all are one client, and a warning says what to do", async () => {
    const app = express().set('trust proxy', 'loopback')
    const { ask, zone, lines } = await upgrading({}, { requests: app })
    expect(await (await ask(from('203.0.113.1'))).answer()).toBe(101)
    expect(await (await ask(from('203.0.113.2'))).answer()).toBe(503)
    expect(zone.count('127.0.0.1')).toBe(1)
    expect(lines[0]).toMatch(/^WRN_LIMIT_CONN_FORWARDED_FOR: .*; if a proxy of yours sends it, set byIp\(/)
  })

  it("count: 'requests': an upgrade is one request, until its connection closes", async () => {
    const { ask, zone, first } = await fullyUpgraded({ count: 'requests' })
    expect(await (await ask()).answer()).toBe(503)
    first.destroy()
    await until('the slot is given back', () => zone.stats().active === 0)
  })
})

describe('pipelined behind a request', () => {
  it('that is being answered: refused without a word in the middle of that', async () => {
    const { connect, held, echo, zone } = await fullyUpgraded()
    const client = (await connect()).get().write(upgradeTo('foo'))
    await held.arrived(1)
    await client.closed()
    expect(client.received).toBe('')
    expect(echo.runs).toBe(1)
    expect(zone.stats()).toMatchObject({ rejected: 1, active: 1 })
  })

  it('that is being answered: a handler of the options is not asked to say something', async () => {
    let runs = 0
    const { connect, held } = await fullyUpgraded({ reject: () => runs++ })
    const client = (await connect()).get().write(upgradeTo('foo'))
    await held.arrived(1)
    await client.closed()
    expect([client.received, runs]).toEqual(['', 0])
  })

  it('half of whose answer is sent: the other half is not mixed with a refusal', async () => {
    const { connect, echo } = await fullyUpgraded(
      {},
      { requests: (_req, res) => res.writeHead(200, { 'Content-Length': 10 }).write('half ') },
    )
    const client = (await connect()).get()
    await client.answer()
    await client.write(upgradeTo('foo')).closed()
    expect(client.received).toMatch(/\r\n\r\nhalf $/)
    expect(echo.runs).toBe(1)
  })

  it('whose answer was sent: the refusal stands behind it', async () => {
    const { connect } = await fullyUpgraded({}, { requests: (_req, res) => res.end('ok') })
    const client = (await connect()).get()
    await client.answer()
    await client.write(upgradeTo('foo')).closed()
    expect(client.statuses).toEqual([200, 503])
  })

  it.each([false, true])('that is refused: no handler runs, one answer, TLS %s', async (tls) => {
    const middleware = limitConn({ limit: () => 0, logLevel: false })
    const held = new Held()
    const { connect, echo, zone } = await upgrading(
      {},
      { tls, policies: [middleware], requests: bare([middleware], held.handler) },
    )
    const clients = [await connect(), await connect()]
    clients[0]!.get().write(upgradeTo('foo'))
    clients[1]!.write(`${getThen(2)}${upgradeTo('foo')}`)
    for (const client of clients) await client.closed()

    expect(clients.map(({ statuses }) => statuses)).toEqual([[503], [503]])
    expect(held.runs + echo.runs).toBe(0)
    expect(zone.stats()).toMatchObject({ passed: 0, peak: 0 })
  })

  it('that is refused by a handler which says nothing yet: no handler of an upgrade runs', async () => {
    const refused: unknown[] = []
    const middleware = limitConn({ limit: () => 0, logLevel: false, reject: (req) => refused.push(req) })
    const { connect, echo } = await upgrading(
      {},
      { policies: [middleware], requests: bare([middleware], () => undefined) },
    )
    const client = (await connect()).get().write(upgradeTo('foo'))
    await until('it is refused', () => refused.length === 1)
    await client.closed()
    expect(client.received).not.toContain('101')
    expect(echo.runs).toBe(0)
  })
})

describe('several listeners', () => {
  it('chained policies each have their limit; what the inner refuses the outer does not count twice', async () => {
    const echo = new Echo()
    const inner = limitUpgrade({ limit: 1, key: '$http_x_user', logLevel: false }, echo.handler)
    const { ask, zone } = await upgrading({ limit: 3 }, { handler: inner, policies: [inner] })
    expect(await (await ask({ 'X-User': 'ann' })).answer()).toBe(101)
    const refused = await ask({ 'X-User': 'ann' })
    expect(await refused.answer()).toBe(503)
    await refused.closed()
    await until('its slot is given back', () => zone.stats().active === 1)
    expect(await (await ask({ 'X-User': 'bob' })).answer()).toBe(101)
    expect(zone.stats()).toMatchObject({ passed: 3, rejected: 0, active: 2 })
    const listeners = echo.sockets.map((socket) => socket.listeners('error').map(({ name }) => name))
    expect(listeners).toEqual([['ignoreError'], ['ignoreError']])
  })

  it('of which an earlier one refuses: a later policy lets nobody in and adds nothing', async () => {
    const { server, ask, first } = await fullyUpgraded()
    const echo = new Echo()
    const second = limitUpgrade({ limit: 9, logLevel: false }, echo.handler)
    server.on('upgrade', second)
    const client = await ask()
    await client.closed()
    expect(client.statuses).toEqual([503])
    expect(echo.runs).toBe(0)
    expect(second.zones[0]!.stats().passed).toBe(0)
    expect(first.isClosed).toBe(false)
  })

  it('of which a later one refuses: it closes, and says nothing into what the first has said', async () => {
    const { server, ask, zone } = await upgrading({ limit: 9 })
    const none = limitUpgrade({ limit: () => 0, logLevel: false, statusCode: 429 }, () => undefined)
    server.on('upgrade', none)
    const client = await ask()
    await client.closed()
    expect(client.received).toBe(switching)
    await until('the slot is given back', () => zone.stats().active === 0)
  })
})

function getThen(times: number): string {
  return 'GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(times)
}
