import type net from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from '@jest/globals'
import { limitServer } from '../../lib/index.ts'
import { exchange } from '../helpers/exchange.ts'
import { guardKinds, makeServer, type GuardKind } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { proxied, through, type Proxied } from '../helpers/proxied.ts'
import { binary, inet, line, malformed, tooLong } from '../helpers/proxy-headers.ts'
import { connectionsOf, expectEven, listen } from '../helpers/server.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { until } from '../helpers/until.ts'

const kinds = Object.keys(guardKinds) as GuardKind[]
const header = line('203.0.113.7')
const second = binary(0x21, 0x11, inet)
const none = { read: 0, untrusted: 0, malformed: 0, tooLong: 0, repeated: 0, late: 0, ended: 0 }

/** A client of TCP that has sent these bytes. */
function sending({ port }: Proxied, bytes: Uint8Array | string): net.Socket {
  const client = tcp(port, { noDelay: true })
  client.write(bytes)
  return client
}

/** Nobody has heard of anything, and nothing was counted but the cause. */
async function expectFaults(served: Proxied, faults: object): Promise<void> {
  expect(served.guard.proxyHeaders).toEqual({ ...none, ...faults })
  expect(served.heard).toEqual([])
  expect(served.zone.stats()).toMatchObject({ passed: 0, rejected: 0, active: 0, peak: 0, keys: 0 })
  await until('the server has closed them', () => served.accepted.every(({ destroyed }) => destroyed))
}

const said = (words: string): RegExp =>
  new RegExp(
    `^ERR_LIMIT_CONN_PROXY_PROTOCOL: a connection was closed: .*${words}.*, client: 127.0.0.1, server: 127`,
  )

describe.each(kinds)('A-37: on %s a connection is closed, and counted as that,', (kind) => {
  it('that comes from an untrusted address: nothing of it is read', async () => {
    const served = await proxied(kind, { proxyProtocol: { trust: ['10.0.0.0/8', 'unix:'] } })
    await closedByServer(sending(served, header))
    await expectFaults(served, { untrusted: 1 })
    expect(served.accepted[0]!.bytesRead).toBe(0)
    expect(served.lines).toEqual([expect.stringMatching(said('its peer is not in proxyProtocol.trust'))])
  })

  it('whose header is malformed', async () => {
    const served = await proxied(kind)
    for (const bytes of Object.values(malformed)) await closedByServer(sending(served, bytes))
    await expectFaults(served, { malformed: Object.keys(malformed).length })
    expect(served.lines).toEqual([expect.stringMatching(said('does not begin with a PROXY protocol header'))])
  })

  it('whose header is longer than 107 and 536 bytes', async () => {
    const served = await proxied(kind)
    for (const bytes of Object.values(tooLong)) await closedByServer(sending(served, bytes))
    await expectFaults(served, { tooLong: Object.keys(tooLong).length })
    expect(served.lines).toEqual([expect.stringMatching(said('is too long'))])
  })

  it('F60: whose PROXY header is followed by a second one', async () => {
    const served = await proxied(kind)
    for (const first of [header, second])
      for (const next of [header, second]) await closedByServer(sending(served, Buffer.concat([first, next])))
    await expectFaults(served, { repeated: 4 })
    expect(served.lines).toEqual([expect.stringMatching(said('a second PROXY protocol header'))])
  })

  it('whose header is late', async () => {
    const served = await proxied(kind, { proxyProtocol: { trust: 'loopback', timeoutMs: 100 } })
    const started = performance.now()
    const clients = [tcp(served.port), sending(served, header.subarray(0, -1)), sending(served, '\r')]
    await Promise.all(clients.map((client) => closedByServer(client)))
    expect(performance.now() - started).toBeGreaterThan(90)
    await expectFaults(served, { late: 3 })
    expect(served.lines).toEqual([expect.stringMatching(said('within timeoutMs'))])
  })

  it('that ends within its header: nothing is said of one that only looks whether somebody listens', async () => {
    const served = await proxied(kind)
    const clients = [tcp(served.port), tcp(served.port)]
    await until('they are accepted', () => served.accepted.length === 2)
    clients[0]!.end()
    clients[1]!.resetAndDestroy()
    await until('they are closed', () => served.guard.proxyHeaders.ended === 2)
    expect(served.lines).toEqual([])

    sending(served, 'PROXY TCP4').end()
    const last = sending(served, 'PROXY TCP4')
    await until('it is read', () => served.accepted.length === 4 && served.accepted[3]!.bytesRead === 10)
    last.resetAndDestroy()
    await until('they are closed', () => served.guard.proxyHeaders.ended === 4)
    await expectFaults(served, { ended: 4 })
    expect(served.lines).toEqual([expect.stringMatching(said('its peer closed it'))])
  })
})

describe('bytes behind the header that may begin a second one', () => {
  const starts = [
    ['v1', header, 'PROXY '],
    ['v2', second, '\r\n\r\n\0\r\nQUIT\n'],
  ] as const

  it.each(starts)('A-37: are waited for, counted meanwhile, and refused: %s', async (_, next, start) => {
    const served = await proxied('net', { limit: 100, key: () => 'all' })
    const clients = Array.from({ length: start.length - 1 }, (_client, n) =>
      sending(served, Buffer.concat([header, next.subarray(0, n + 1)])),
    )
    await until('they are counted', () => served.zone.count('all') === clients.length)
    await new Promise((resolve) => setImmediate(resolve))
    expect([served.heard.length, served.guard.proxyHeaders.repeated]).toEqual([0, 0])

    for (const [n, client] of clients.entries()) client.write(next.subarray(n + 1))
    await Promise.all(clients.map((client) => closedByServer(client)))
    expect(served.heard).toEqual([])
    expect(served.guard.proxyHeaders).toMatchObject({ read: clients.length, repeated: clients.length })
  })

  it.each(starts)('are handed on whole if they do not: %s', async (_version, _bytes, start) => {
    const served = await proxied('net', { limit: 100 })
    for (let n = 1; n < start.length; n++) {
      const begun = start.slice(0, n)
      const client = sending(served, Buffer.concat([header, Buffer.from(begun, 'latin1')]))
      let echo = ''
      client.on('data', (chunk) => (echo += chunk.toString('latin1')))
      await until('it is counted', () => served.zone.stats().passed === n)
      client.write('and more')
      await until('it is echoed', () => echo === `${begun}and more`)
    }
    expect(served.guard.proxyHeaders).toEqual({ ...none, read: start.length - 1 })
  })

  it('are handed on when the time is over', async () => {
    const served = await proxied('net', { proxyProtocol: { trust: 'loopback', timeoutMs: 200 } })
    const client = sending(served, Buffer.concat([header, Buffer.from('PROXY')]))
    let echo = ''
    client.on('data', (chunk) => (echo += String(chunk)))
    client.end()
    await until('it is echoed', () => echo === 'PROXY')
    await closedByServer(client)
    expect(served.guard.proxyHeaders).toEqual({ ...none, read: 1 })
  })

  it('give their slot back if their client leaves', async () => {
    const served = await proxied('net')
    const client = sending(served, Buffer.concat([header, Buffer.from('PROXY')]))
    await until('it is counted', () => served.zone.count('203.0.113.7') === 1)
    client.resetAndDestroy()
    await until('the slot is given back', () => served.zone.stats().active === 0)
    expect(served.heard).toEqual([])
  })

  it('are no header any more once the server has the connection', async () => {
    const served = await proxied('net')
    const client = sending(served, header)
    let echo = ''
    client.on('data', (chunk) => (echo += String(chunk)))
    await until('it is let in', () => served.heard.length === 1)
    client.write(line('198.51.100.1'))
    await until('it is echoed', () => echo === String(line('198.51.100.1')))
    expect(served.heard[0]!.remoteAddress).toBe('203.0.113.7')
  })
})

it.each(['net', 'https'] as const)(
  'A-37: nothing is left of 1,000 headers that end halfway, on %s',
  async (kind) => {
    const served = await proxied(kind, { limit: 10_000 })
    for (let round = 0; round < 10; round++) {
      const before = served.guard.proxyHeaders.ended
      const clients = Array.from({ length: 100 }, (_, n) => sending(served, header.subarray(0, (n % 20) + 1)))
      await until('they are read', () => served.accepted.slice(-100).every(({ bytesRead }) => bytesRead > 0))
      for (const [n, client] of clients.entries()) client[n % 2 > 0 ? 'end' : 'resetAndDestroy']()
      await until('all have ended', () => served.guard.proxyHeaders.ended === before + 100)
    }

    expect(await connectionsOf(served.server)).toBe(0)
    await expectFaults(served, { ended: 1_000 })
    await exchange(kind, await through(served, header))
  },
)

describe('while a header is awaited', () => {
  it('stop() lets the connection come to its end, and nobody else is asked for one', async () => {
    const served = await proxied('net')
    const client = sending(served, header.subarray(0, 9))
    await until('it is read', () => served.accepted[0]?.bytesRead === 9)
    served.guard.stop()
    const other = sending(served, 'hello')
    await until('the other is heard of', () => served.heard.length === 1)
    client.write(header.subarray(9))
    await until('both are heard of', () => served.heard.length === 2)

    expect(served.heard.map(({ remoteAddress }) => remoteAddress)).toEqual(['127.0.0.1', '203.0.113.7'])
    expect(served.zone.stats()).toMatchObject({ passed: 1, active: 1 })
    other.destroy()
    await expectEven(served.server, served.guard)
  })

  it('close() of the server waits no longer than for the header', async () => {
    const served = await proxied('http', { proxyProtocol: { trust: 'loopback', timeoutMs: 200 } })
    sending(served, header.subarray(0, 9))
    await until('it is read', () => served.accepted[0]?.bytesRead === 9)
    const closed = new Promise((resolve) => served.server.close(resolve))
    await closed
    await expectFaults(served, { late: 1 })
  })

  it('setConfig() changes what is decided, but not that a header comes', async () => {
    const served = await proxied('net')
    const clients = [1, 2].map(() => sending(served, header.subarray(0, 9)))
    await until(
      'they are read',
      () => served.accepted.filter(({ bytesRead }) => bytesRead === 9).length === 2,
    )
    served.guard.setConfig({ proxyProtocol: false, skip: ['203.0.113.0/24'] })
    for (const client of clients) client.write(header.subarray(9))
    await until('they are heard of', () => served.heard.length === 2)
    expect(served.zone.stats()).toMatchObject({ passed: 0, skipped: 2 })

    const bare = sending(served, 'hello')
    let echo = ''
    bare.on('data', (chunk) => (echo += String(chunk)))
    await until('it is echoed', () => echo === 'hello')
    for (const client of clients) client.destroy()
    await expectEven(served.server, served.guard)
  })
})

it('a guard that is put up during a handshake asks for no header: its time is over', async () => {
  const { port, server, sockets } = await listen(makeServer('tls', new Held()), { policies: [] })
  const raw = tcp(port)
  await until('it is accepted', () => sockets.size === 1)
  const guard = limitServer(server, { limit: 1, proxyProtocol: { trust: '10.0.0.0/8' } })
  tls.connect({ socket: raw, rejectUnauthorized: false }).on('error', () => undefined)

  await until('it is counted', () => guard.zones[0]!.count('127.0.0.1') === 1)
  expect(guard.proxyHeaders).toEqual(none)
  raw.end()
  await until('the slot is given back', () => guard.zones[0]!.stats().active === 0)
})
