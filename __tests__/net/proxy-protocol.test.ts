import net from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { byIp, limitServer } from '../../lib/index.ts'
import { exchange } from '../helpers/exchange.ts'
import { guardKinds, makeServer, type GuardKind } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { proxied, through, type Sending } from '../helpers/proxied.ts'
import { binary, headers, inet, inet6, line } from '../helpers/proxy-headers.ts'
import { listen } from '../helpers/server.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { until } from '../helpers/until.ts'

const kinds = Object.keys(guardKinds) as GuardKind[]
const sendings: Sending[] = ['in one segment', 'byte by byte', 'long before']
const local = binary(0x20, 0, Buffer.alloc(0))

/** What the sockets that listeners have heard of say of their peer, each once. */
function peersOf(heard: readonly net.Socket[]): string[] {
  const peers = heard.map(({ remoteAddress, remotePort, remoteFamily }) => {
    return `${remoteFamily} ${remoteAddress} ${remotePort}`
  })
  return [...new Set(peers)]
}

describe.each(kinds)('behind the PROXY protocol, on %s', (kind) => {
  it.each(sendings)('the client counts, not the proxy: headers that come %s', async (sending) => {
    const served = await proxied(kind)
    for (const [n, [header, peer]] of (
      [
        [line('203.0.113.7'), 'IPv4 203.0.113.7 56324'],
        [line('2001:db8:1:2::7', 1), 'IPv6 2001:db8:1:2::7 1'],
        [
          binary(
            0x21,
            0x21,
            inet6.map((byte, at) => (at === 1 ? 2 : byte)),
          ),
          'IPv6 2002:db8:1:2::7 56324',
        ],
        [
          binary(
            0x21,
            0x11,
            inet.map((byte, at) => (at === 0 ? 204 : byte)),
          ),
          'IPv4 204.0.113.7 56324',
        ],
      ] as const
    ).entries()) {
      await exchange(kind, await through(served, header, sending))
      expect(peersOf(served.heard).slice(n)).toEqual([peer])
    }

    expect(served.zone.count('127.0.0.1')).toBe(0)
    expect(
      served.zone
        .top(9)
        .map(({ key }) => key)
        .toSorted(),
    ).toEqual(['2001:db8:1::/56', '2002:db8:1::/56', '203.0.113.7', '204.0.113.7'])
    expect(served.guard.proxyHeaders).toMatchObject({ read: 4, malformed: 0 })
  })

  it('a client above the limit is refused, whatever its header looks like, and nobody hears of it', async () => {
    const served = await proxied(kind)
    await exchange(kind, await through(served, line('203.0.113.7')))
    const { length } = served.heard
    for (const header of [line('203.0.113.7', 9), line('::ffff:203.0.113.7'), binary(0x21, 0x11, inet)]) {
      const client = tcp(served.port)
      client.write(header)
      await closedByServer(client)
    }

    expect(served.heard).toHaveLength(length)
    expect(served.zone.stats()).toMatchObject({ passed: 1, rejected: 3, active: 1 })
    await exchange(kind, await through(served, line('203.0.113.8')))
  })

  it('a proxy that speaks for itself counts under its own address', async () => {
    const served = await proxied(kind, { limit: 3 })
    for (const header of [local, headers['v1 UNKNOWN']![0], headers['v2 a Unix socket']![0]])
      await exchange(kind, await through(served, header))

    expect(served.zone.count('127.0.0.1')).toBe(3)
    expect(new Set(served.heard.map(({ remoteAddress }) => remoteAddress))).toEqual(new Set(['127.0.0.1']))
  })
})

it.each(Object.entries(headers))(
  'A-37, F60: %s is read at every split point',
  async (_, [header, client]) => {
    const served = await proxied('net', { limit: 1_000 })
    const { length } = header
    const clients = Array.from({ length }, () => tcp(served.port, { noDelay: true }))
    await until('all are accepted', () => served.accepted.length === length)
    for (const [n, socket] of clients.entries()) if (n > 0) socket.write(header.subarray(0, n))
    await until('the first parts have come', () => {
      const sizes = served.accepted.map(({ bytesRead }) => bytesRead)
      return sizes.reduce((sum, size) => sum + size, 0) === (length * (length - 1)) / 2
    })
    expect([served.heard.length, served.zone.stats().active]).toEqual([0, 0])

    const echoes = clients.map(() => '')
    for (const [n, socket] of clients.entries()) {
      socket.on('data', (chunk) => (echoes[n] += String(chunk)))
      socket.write(Buffer.concat([header.subarray(n), Buffer.from(`I am ${n}`)]))
    }
    await until('all are echoed', () => echoes.every((echo, n) => echo === `I am ${n}`))
    expect(served.guard.proxyHeaders.read).toBe(length)
    expect(served.zone.count(client?.remoteAddress ?? '127.0.0.1')).toBe(length)
  },
)

it('a key that was read before the header came is not that of the client', async () => {
  const inner = net.createServer((socket) => socket.end(String(socket.remoteAddress)))
  const key = byIp()
  const guard = limitServer(inner, { limit: 1, key, proxyProtocol: { trust: ['127.0.0.0/8'] } })
  const asked: unknown[] = []
  const outer = net.createServer((socket) => (asked.push(key(socket)), inner.emit('connection', socket)))
  const { port } = await listen(outer, { policies: [guard] })
  const clients = ['203.0.113.7', '203.0.113.8'].map((address) => {
    const client = tcp(port)
    client.write(line(address))
    return client
  })

  const answers = await Promise.all(clients.map((client) => new Promise((r) => client.once('data', r))))
  expect(answers.map(String).toSorted()).toEqual(['203.0.113.7', '203.0.113.8'])
  expect(guard.zones[0]!.stats()).toMatchObject({ passed: 2, rejected: 0 })
})

it('of two guards on a server each has the client, and one of them reads', async () => {
  const server = makeServer('net', new Held())
  const proxyProtocol = { trust: 'loopback' }
  const guards = [1, 2].map(() => limitServer(server, { limit: 1, proxyProtocol }))
  const { port } = await listen(server, { policies: guards })
  tcp(port).write(line('203.0.113.7'))

  await until('both count', () => guards.every(({ zones }) => zones[0]!.count('203.0.113.7') === 1))
  expect(guards.map(({ proxyHeaders }) => proxyHeaders.read)).toEqual([0, 1])
})

it('a server that pauses what it accepts has it paused', async () => {
  const held: net.Socket[] = []
  const server = net.createServer({ pauseOnConnect: true }, (socket) => held.push(socket))
  const guard = limitServer(server, { limit: 1, proxyProtocol: { trust: 'loopback' } })
  const { port } = await listen(server, { policies: [guard], guard })
  tcp(port).write(Buffer.concat([line('203.0.113.7'), Buffer.from('hello')]))
  await until('it is heard of', () => held.length > 0)
  const [socket] = held
  let received = ''
  socket!.on('data', (chunk) => (received += String(chunk)))
  await new Promise((resolve) => setImmediate(resolve))
  expect([socket!.isPaused(), received]).toEqual([true, ''])

  socket!.resume()
  await until('it has what came', () => received === 'hello')
})

it('a listener that pauses its socket at once has it paused', async () => {
  let received = ''
  const server = net.createServer((socket) => {
    socket.on('data', (chunk) => (received += String(chunk))).pause()
    setImmediate(() => (expect(received).toBe(''), socket.resume()))
  })
  const guard = limitServer(server, { limit: 1, proxyProtocol: { trust: 'loopback' } })
  const { port } = await listen(server, { policies: [guard], guard })
  tcp(port).write(Buffer.concat([line('203.0.113.7'), Buffer.from('hello')]))
  await until('it has what came', () => received === 'hello')
})
