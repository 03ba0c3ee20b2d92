import http from 'node:http'
import net from 'node:net'
import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { byTemplate, limitConn, limitServer, limitUpgrade } from '../../lib/index.ts'
import { exchange } from '../helpers/exchange.ts'
import { hosts } from '../helpers/hosts.ts'
import { proxied, through } from '../helpers/proxied.ts'
import { binary, inet, line } from '../helpers/proxy-headers.ts'
import { listen } from '../helpers/server.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { until } from '../helpers/until.ts'
import { upgradeTo } from '../helpers/upgrades.ts'

const client = '203.0.113.7'
const local = binary(0x20, 0, Buffer.alloc(0))
const proxyProtocol = { trust: 'loopback' }
const behind = { limit: 100, proxyProtocol, logLevel: false } as const

/** A client that has sent a header. */
function sending(port: number, header: Uint8Array, text = ''): net.Socket {
  const socket = tcp(port)
  socket.write(Buffer.concat([header, Buffer.from(text)]))
  return socket
}

async function textOf(socket: net.Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  await until('it is closed', () => socket.closed)
  return text
}
const get = (headersOf = ''): string => `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headersOf}\r\n`

describe.each(Object.entries(hosts))('middleware behind the guard: %s', (_, mount) => {
  it('sees the client of the header, in its socket and as its key', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const waiting: http.ServerResponse[] = []
    const peers: unknown[] = []
    const server = http.createServer(
      mount([policy], (req, res) => {
        peers.push([req.socket.remoteAddress, req.socket.remotePort, (req as { ip?: string }).ip ?? client])
        waiting.push(res)
      }),
    )
    const guard = limitServer(server, behind)
    const { port } = await listen(server, { policies: [policy, guard], guard })

    sending(port, line(client, 7), get())
    await until('it is let in', () => waiting.length === 1)
    expect(await textOf(sending(port, binary(0x21, 0x11, inet), get()))).toMatch(/^HTTP\/1.1 503 /)
    sending(port, line('203.0.113.8'), get())
    await until('another client is let in', () => waiting.length === 2)
    expect(peers[0]).toEqual([client, 7, client])
    expect(policy.zones[0]!.count(client)).toBe(1)
    for (const res of waiting) res.end()
  })
})

it.each(['http2', 'http2 secure'] as const)(
  '%s: session and streams tell the client of the header',
  async (kind) => {
    const served = await proxied(kind)
    const peers: unknown[] = []
    served.server.on('request', (req: http.IncomingMessage) => peers.push(req.socket.remoteAddress))
    served.server.on('session', ({ socket }: { socket: net.Socket }) => peers.push(socket.remoteAddress))
    const policy = limitConn({ limit: 1, logLevel: false })
    served.server.prependListener('request', (req: http.IncomingMessage, res: http.ServerResponse) => {
      policy(req, res, () => peers.push(policy.zones[0]!.count(client)))
    })

    await exchange(kind, await through(served, line(client)))
    expect(peers).toEqual([client, 1, client])
  },
)

it('an upgrade is counted under the client of the header', async () => {
  const sockets: unknown[] = []
  const server = http.createServer()
  const policy = limitUpgrade({ limit: 1, logLevel: false }, (_req, socket) => sockets.push(socket))
  const guard = limitServer(server.on('upgrade', policy), behind)
  const { port } = await listen(server, { policies: [policy, guard], guard })
  const first = sending(port, line(client), upgradeTo('foo'))
  await until('it is upgraded', () => sockets.length === 1)
  expect(await textOf(sending(port, line(client), upgradeTo('foo')))).toMatch(/^HTTP\/1.1 503 /)
  sending(port, line('203.0.113.8'), upgradeTo('foo'))
  await until('another is upgraded', () => sockets.length === 2)

  expect(policy.zones[0]!.count(client)).toBe(1)
  first.destroy()
})

it('the proxy is no hop: "trust proxy" 1 believes what the client writes, and false does not', async () => {
  const ips: unknown[] = []
  for (const trust of [1, false]) {
    const app = express().set('trust proxy', trust)
    app.use((req, res) => (ips.push(req.ip), res.end()))
    const server = http.createServer(app)
    const guard = limitServer(server, behind)
    const { port } = await listen(server, { policies: [guard], guard })
    await textOf(sending(port, line(client), get('X-Forwarded-For: 198.51.100.1\r\n')))
  }
  expect(ips).toEqual(['198.51.100.1', client])
})

describe('$proxy_protocol_addr', () => {
  it('alone is an address: a client of IPv6 has no more than its /56, here and in the middleware behind', async () => {
    const policy = limitConn({ limit: 1, key: '$proxy_protocol_addr', logLevel: false })
    const server = http.createServer((req, res) => policy(req, res, () => undefined))
    const guard = limitServer(server, { ...behind, key: '$proxy_protocol_addr', limit: 2 })
    const { port } = await listen(server, { policies: [policy, guard], guard })
    sending(port, line('2001:db8:1:2::7'), get())
    await until('it is counted', () => policy.zones[0]!.stats().active === 1)
    expect(await textOf(sending(port, line('2001:db8:1:ff::1'), get()))).toMatch(/^HTTP\/1.1 503 /)
    sending(port, line('2001:db8:1:3::'))
    await until('it is counted', () => guard.zones[0]!.stats().passed === 3)
    await closedByServer(sending(port, line('2001:db8:1:4::')))

    expect(guard.zones[0]!.count('2001:db8:1::1')).toBe(2)
    expect(policy.zones[0]!.top(2)).toMatchObject([{ key: '2001:db8:1::/56', kind: 'address', rejected: 1 }])
  })

  it('is empty where the proxy speaks for itself, and where none speaks', async () => {
    const served = await proxied('net', {
      limits: [
        { limit: 100, key: '$remote_addr' },
        { limit: 1, key: '$proxy_protocol_addr' },
      ],
      limit: undefined as never,
    })
    for (let n = 1; n <= 3; n++) await exchange('net', await through(served, local))
    expect(served.guard.zones.map((zone) => zone.stats().passed)).toEqual([3, 0])
  })

  it('stands beside others as $remote_addr does', async () => {
    const key = byTemplate('$server_port$proxy_protocol_addr', { ipv6Subnet: 64 })
    const served = await proxied('net', { limit: 1, key })
    await exchange('net', await through(served, line('2001:db8:1:2::7')))
    await closedByServer(sending(served.port, line('2001:db8:1:2::8')))
    await exchange('net', await through(served, line('2001:db8:1:3::8')))
    expect(served.zone.count({ text: [served.port, '2001:db8:1:2::/64', ''].join('\0') })).toBe(1)
  })
})

it.each(['http', 'https', 'http2 secure'] as const)(
  '%s: a body right behind the header is whole',
  async (kind) => {
    const size = 1_000_000
    const served = await proxied(kind)
    let got = 0
    served.server.on('request', (req: http.IncomingMessage) =>
      req.on('data', (chunk: Buffer) => (got += chunk.length)),
    )
    const asking = await (await through(served, line(client))).connect()
    asking.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`)
    await until('all has come', () => got === size)
    served.held.release()
    expect(await asking.answer()).toBe(200)
  },
)

it('who waits behind its header for more, and is evicted meanwhile, is never heard of', async () => {
  const served = await proxied('net', { onLimit: 'evict-oldest' })
  const waiting = sending(served.port, line(client), 'PROXY')
  await until('it is counted', () => served.zone.count(client) === 1)
  sending(served.port, line(client))
  await closedByServer(waiting)
  await until('the other is let in', () => served.heard.length === 1)
  expect(served.zone.stats()).toMatchObject({ passed: 2, rejected: 0, active: 1 })
})

it('skip and the log have the client of the header', async () => {
  const served = await proxied('net', { skip: ['203.0.113.0/24'] })
  const skipped = [1, 2].map(() => sending(served.port, line(client)))
  await until('they are let in', () => served.zone.stats().skipped === 2)
  await exchange('net', await through(served, line('198.51.100.1')))
  await closedByServer(sending(served.port, line('198.51.100.1')))

  expect(served.zone.stats()).toMatchObject({ skipped: 2, passed: 1, rejected: 1 })
  expect(served.lines).toEqual([
    expect.stringMatching(/^limiting connections .*, client: 198.51.100.1, server: 127/),
  ])
  for (const socket of skipped) socket.destroy()
})

it("reject 'respond' and a handler answer behind a header", async () => {
  const served = await proxied('http', { reject: 'respond' })
  sending(served.port, line(client))
  await until('it is counted', () => served.zone.count(client) === 1)
  expect(await textOf(sending(served.port, line(client), get()))).toMatch(/^HTTP\/1.1 503 /)

  served.guard.setConfig({ reject: (socket) => void socket.end(`no, ${socket.remoteAddress}`) })
  expect(await textOf(sending(served.port, line(client), get()))).toBe(`no, ${client}`)
  expect(served.held.runs).toBe(0)
})

it('the sweep finds who was lost, though the address that it was replaced by is there', async () => {
  const server = net.createServer((socket) => void socket.pause())
  const guard = limitServer(server, { ...behind, sweep: { everyMs: 20 } })
  const { port, sockets } = await listen(server, { policies: [guard], guard })
  const lost = sending(port, line(client), 'x'.repeat(1_000_000))
  await until('its bytes wait', () => [...sockets].some(({ readableLength }) => readableLength > 10_000))
  for (const socket of sockets) socket.removeAllListeners('close')
  lost.resetAndDestroy()

  await until('the slot is given back', () => guard.zones[0]!.stats().active === 0)
  expect([...sockets].map(({ remoteAddress }) => remoteAddress)).toEqual([client])
  for (const socket of sockets) (sockets as Set<net.Socket>).delete(socket.destroy())
})
