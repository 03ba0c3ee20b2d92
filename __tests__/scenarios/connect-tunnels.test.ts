import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo, type Server } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import type { LimitUpgradeOptions, UpgradeHandler } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { destroyAfter } from '../helpers/server.ts'
import { upgrading, type Upgrading } from '../helpers/upgrades.ts'
import { until } from '../helpers/until.ts'

/** Connects to where the client wants to go, as a proxy does. */
const tunnel: UpgradeHandler = (req, socket, head) => {
  const { hostname, port } = new URL(`http://${req.url}`)
  const target = net.connect(Number(port), hostname, () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    target.write(head)
    target.pipe(socket).pipe(target)
  })
  target.on('error', () => socket.destroy())
  target.on('close', () => socket.destroy())
  socket.on('close', () => target.destroy())
}

interface Tunnels extends Upgrading {
  readonly authority: string
  /** Asks for a tunnel, on a connection of its own. */
  readonly open: () => Promise<Client>
}

const answering = (): Server => http.createServer((req, res) => res.end(`target ${req.url}`))

/** A proxy with a limit on tunnels, and a target behind it. */
async function proxy(
  options: Partial<LimitUpgradeOptions> = {},
  { tls = false, target = answering() } = {},
): Promise<Tunnels> {
  const sockets = new Set<net.Socket>()
  target.on('connection', (socket) => sockets.add(socket))
  destroyAfter({
    destroy() {
      target.close()
      for (const socket of sockets) socket.destroy()
    },
  })
  await once(target.listen(0, '127.0.0.1'), 'listening')
  const authority = `127.0.0.1:${(target.address() as AddressInfo).port}`

  const setup = await upgrading({ limit: 2, logLevel: false, ...options }, { handler: tunnel, tls })
  const open = async (): Promise<Client> =>
    (await setup.connect()).write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`)
  return { ...setup, authority, open }
}

describe.each([false, true])('tunnels by CONNECT, TLS %s', (tls) => {
  it('the limit, the next gets 503, and each keeps its slot until it closes', async () => {
    const { open, zone } = await proxy({}, { tls })
    const clients = [await open(), await open()]
    expect(await Promise.all(clients.map((client) => client.answer()))).toEqual([200, 200])

    const refused = await open()
    expect(await refused.answer()).toBe(503)
    await refused.closed()
    for (const [n, client] of clients.entries()) {
      client.get(`/${n}`)
      await until('the target answers through it', () => client.received.endsWith(`target /${n}`))
    }
    expect(zone.stats()).toMatchObject({ passed: 2, rejected: 1, active: 2 })

    clients[0]!.destroy()
    await until('its slot is given back', () => zone.stats().active === 1)
    expect(await (await open()).answer()).toBe(200)
  })

  it('a tunnel that the target closes gives its slot back', async () => {
    const { open, zone } = await proxy({}, { tls })
    const client = await open()
    await client.answer()
    client.get('/last', { Connection: 'close' })
    await client.closed()
    expect(client.received).toMatch(/target \/last$/)
    await until('its slot is given back', () => zone.stats().active === 0)
  })
})

it('a tunnel to nowhere gives its slot back', async () => {
  const { connect, zone } = await proxy()
  const client = (await connect()).write('CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n')
  await client.closed()
  expect(client.received).toBe('')
  expect(zone.stats()).toMatchObject({ passed: 1, active: 0 })
})

it('a client that has said all and closed its side still gets its answer: half a tunnel is a tunnel', async () => {
  const { open, zone } = await proxy({ sweep: { everyMs: 10, graceMs: 60_000 } })
  const client = await open()
  client.get('/half', { Connection: 'close' }).socket.end()
  await client.closed()
  expect(client.statuses).toEqual([200, 200])
  expect(client.received).toMatch(/target \/half$/)
  await until('its slot is given back', () => zone.stats().active === 0)
})

it('A-11: half a tunnel with traffic is never cut, however long it lasts', async () => {
  const arrived: net.Socket[] = []
  const target = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('end', () => arrived.push(socket)).resume()
  })
  const { open, zone } = await proxy({ sweep: { everyMs: 10, graceMs: 100 } }, { target })
  const client = await open()
  client.write('all I have to say').socket.end()
  await until('the target has it, and its end', () => arrived.length === 1)
  const lines = setInterval(() => arrived[0]!.write('more '), 20)
  await until('it is long past the grace time', () => client.received.split('more').length > 25)
  clearInterval(lines)
  expect(zone.stats().active).toBe(1)
  await until('silent for the grace time, it is cut', () => zone.stats().active === 0)
})

it('limits by where they go: a template of the request target', async () => {
  const { open, authority, zone, connect } = await proxy({ limit: 1, key: '$remote_addr$request_uri' })
  expect(await (await open()).answer()).toBe(200)
  expect(await (await open()).answer()).toBe(503)
  const elsewhere = authority.replace('127.0.0.1', 'localhost')
  const client = (await connect()).write(`CONNECT ${elsewhere} HTTP/1.1\r\nHost: ${elsewhere}\r\n\r\n`)
  expect(await client.answer()).toBe(200)
  expect(zone.stats().keys).toBe(2)
})
