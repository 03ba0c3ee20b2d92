import { describe, expect, it } from '@jest/globals'
import { limitConn, Limiter, Zone } from '../../lib/index.ts'
import { upgradeTo, upgrading } from '../helpers/upgrades.ts'
import { listen, untilConnections } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'
import net, { type Socket } from 'node:net'
import http2 from 'node:http2'
import { connect2 } from '../helpers/client2.ts'

describe.each([false, true])('limitUpgrade evicts, TLS %s', (tls) => {
  it('the oldest upgraded connection; the newcomer has its upgrade', async () => {
    const { ask, zone, echo, server } = await upgrading({ limit: 2, onLimit: 'evict-oldest' }, { tls })
    const clients = []
    for (let n = 1; n <= 4; n++) {
      clients.push(await ask())
      await until('it is let in', () => echo.runs === n)
    }
    await Promise.all(clients.slice(0, 2).map((client) => client.closed()))
    expect(await Promise.all(clients.slice(2).map((client) => client.answer()))).toEqual([101, 101])
    await untilConnections(server, 2)
    expect(zone.stats()).toMatchObject({ passed: 4, rejected: 0, evicted: 2, active: 2, peak: 2 })
  })

  it('the idlest: bytes either way count', async () => {
    const { ask, echo, zone } = await upgrading({ limit: 2, onLimit: 'evict-idle' }, { tls })
    const one = await ask()
    await until('it is let in', () => echo.runs === 1)
    const two = await ask()
    await until('it is let in', () => echo.runs === 2)
    echo.sockets[0]!.write('news')
    await until('it has come', () => one.received.endsWith('news'))
    await ask()
    await two.closed()
    expect([one.isClosed, zone.stats().evicted]).toEqual([false, 1])
  })

  it('a tunnel by CONNECT as well', async () => {
    const { connect, echo, zone } = await upgrading({ onLimit: 'evict-oldest' }, { tls })
    const tunnel = 'CONNECT test:1 HTTP/1.1\r\nHost: test:1\r\n\r\n'
    const first = (await connect()).write(tunnel)
    await until('it is let in', () => echo.runs === 1)
    const second = (await connect()).write(tunnel)
    await first.closed()
    expect(await second.answer()).toBe(101)
    expect(zone.stats()).toMatchObject({ evicted: 1, active: 1 })
  })

  it('a connection with a request in work, counted by middleware in the same zone', async () => {
    const zone = new Zone({ name: 'both' })
    const policy = limitConn({ limit: 1, zone, logLevel: false })
    const { connect, ask, held } = await upgrading(
      { zone, onLimit: 'evict-idle' },
      {
        tls,
        policies: [policy],
        requests: (req, res) => policy(req, res, () => held.handler(req, res)),
      },
    )
    const first = (await connect()).get()
    await held.arrived(1)
    const second = await ask()
    await first.closed()
    expect(await second.answer()).toBe(101)
    expect(zone.stats()).toMatchObject({ evicted: 1, active: 1, peak: 1 })
  })
})

it('an upgrade that comes while another is being decided on is not closed by it', async () => {
  const answers: ((key: string) => void)[] = []
  const key = (): Promise<string> => new Promise((resolve) => answers.push(resolve))
  const { ask, zone, echo } = await upgrading({ onLimit: 'evict-oldest', key })
  const clients = [await ask(), await ask(), await ask()]
  await until('all are asked about', () => answers.length === 3)
  for (const answer of answers) answer('k')
  await until('all were let in', () => echo.runs === 3)
  await until('two are closed', () => clients.filter(({ isClosed }) => isClosed).length === 2)
  expect(zone.stats()).toMatchObject({ passed: 3, evicted: 2, active: 1, peak: 1 })
})

it('a client that pipelines behind its upgrade is closed with what it has sent', async () => {
  const { connect, ask, echo, zone } = await upgrading({ onLimit: 'evict-oldest' })
  const first = (await connect()).write(upgradeTo('foo') + 'x'.repeat(100_000))
  await until('it is let in', () => echo.runs === 1)
  await ask()
  await first.closed()
  expect(zone.stats()).toMatchObject({ evicted: 1, active: 1 })
})

describe('a Limiter', () => {
  it('closes the oldest socket, after a last word', async () => {
    const limiter = new Limiter({
      limit: 2,
      onLimit: 'evict-oldest',
      onEvict: (socket, cause) => void socket.end(cause),
    })
    const sockets: Socket[] = []
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined)
      if (limiter.accept(socket).passed) sockets.push(socket)
      else socket.destroy()
    })
    const { connect } = await listen(server, { policies: [{ zones: limiter.zones, watched: 0 }] })
    const clients = []
    for (let n = 1; n <= 4; n++) {
      clients.push(await connect())
      await until('it is accepted', () => sockets.length === n)
    }
    await Promise.all(clients.slice(0, 2).map((client) => client.closed()))
    expect(clients.map(({ received }) => received)).toEqual(['evicted', 'evicted', '', ''])
    expect(limiter.zones[0]!.stats()).toMatchObject({ passed: 4, evicted: 2, active: 2, peak: 2 })
    await untilConnections(server, 2)
  })

  it('never throws for what cannot be destroyed: the socket of an HTTP/2 session', async () => {
    const limiter = new Limiter({ limit: 1, onLimit: 'evict-oldest' })
    const passed: boolean[] = []
    const server = http2.createServer()
    server.on('session', ({ socket }) => passed.push(limiter.accept(socket).passed))
    const served = await listen(server, { policies: [{ zones: limiter.zones, watched: 0 }] })
    const sessions = [await connect2(served), await connect2(served)]
    await until('both are decided on', () => passed.length === 2)
    expect(limiter.zones[0]!.stats().active).toBe(1)
    expect(() => limiter.zones[0]!.kick('127.0.0.1')).not.toThrow()
    for (const { session } of sessions) session.destroy()
    await until('the slot is given back', () => limiter.zones[0]!.stats().active === 0)
  })
})
