import https from 'node:https'
import type net from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from '@jest/globals'
import { limitServer } from '../../lib/index.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { guarded, makeServer, type Guarded } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { listen, readTls } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const secure = { key: readTls('key.pem'), cert: readTls('cert.pem') }

/** The beginning of a ClientHello: a record of 512 bytes, of which eleven come. */
const halfHello = Buffer.from('1603010200010001fc0303', 'hex')

describe.each(['tls', 'https', 'http2 secure'] as const)('A-13, N23: handshakes on %s', (kind) => {
  /** 50 clients in a handshake that is not finished, each of them counted. */
  async function fifty(bytes: Buffer | string): Promise<[Guarded, net.Socket[]]> {
    const served = await guarded(kind, { limit: 50 })
    let handshakes = 0
    served.server.on('secureConnection', () => handshakes++)
    const clients = Array.from({ length: 50 }, () => tcp(served.port))
    for (const client of clients) if (bytes.length > 0) client.write(bytes)
    await until('all are counted', () => served.zone.stats().active === 50)
    await closedByServer(tcp(served.port))
    expect(served.zone.stats().rejected).toBe(1)
    expect(handshakes).toBe(0)
    return [served, clients]
  }

  const freed = ({ zone, sockets }: Guarded): Promise<void> =>
    until('the slots are given back', () => zone.stats().active === 0 && sockets.size === 0)

  it.each([
    ['that never begins', ''],
    ['that never finishes', halfHello],
  ])('one %s is counted from accept on, and freed by an end or a reset of the client', async (_, bytes) => {
    const [served, clients] = await fifty(bytes)
    for (const [n, client] of clients.entries()) {
      if (n % 2 > 0) client.end()
      else client.resetAndDestroy()
    }
    await freed(served)
    expect(served.zone.stats()).toMatchObject({ passed: 50, active: 0 })
  })

  it('plaintext is no handshake: closed by Node, and freed', async () => {
    const served = await guarded(kind, { limit: 50 })
    let errors = 0
    served.server.on('tlsClientError', () => errors++)
    const clients = Array.from({ length: 50 }, () => tcp(served.port))
    for (const client of clients) client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
    for (const client of clients) await closedByServer(client)

    await freed(served)
    expect(errors).toBe(50)
    expect(served.zone.stats()).toMatchObject({ passed: 50, rejected: 0, active: 0 })
  })

  it('handshakes that are reset on their way leave nothing counted, 100 of 100', async () => {
    const served = await guarded(kind, { limit: 200, sweep: { everyMs: 20, graceMs: 100 } })
    for (let n = 0; n < 100; n++) {
      const raw = tcp(served.port)
      tls.connect({ socket: raw, rejectUnauthorized: false }).on('error', () => undefined)
      // After the ClientHello, after the answer of the server, or once it is finished.
      if (n % 3 > 0) await until('it has begun', () => raw.bytesRead > 0 || n % 3 === 1)
      else await until('it is connected', () => !raw.connecting)
      raw.resetAndDestroy()
    }
    await until('nothing is counted', () => served.zone.stats().active === 0)
    expect(served.zone.stats().rejected).toBe(0)
  })

  it('N24: who is refused is closed before the handshake, and the server hears nothing', async () => {
    const served = await guarded(kind, { limit: 1 })
    tcp(served.port)
    await until('the slot is taken', () => served.zone.stats().active === 1)
    const heard: unknown[] = []
    for (const event of ['connection', 'tlsClientError', 'secureConnection', 'clientError', 'sessionError'])
      served.server.on(event, () => heard.push(event))
    const raw = tcp(served.port)
    const codes: unknown[] = []
    const client = tls.connect({ socket: raw, rejectUnauthorized: false })
    client.on('error', ({ code }: NodeJS.ErrnoException) => codes.push(code))
    await until('it is closed', () => client.closed)

    expect(codes).toEqual(['ECONNRESET'])
    expect(heard).toEqual([])
    expect(served.sockets.size).toBe(1)
  })
})

it.each(['ends', 'is reset'])(
  'N23: handshakeTimeout frees a client that never begins, and one that %s after it',
  async (how) => {
    const held = new Held()
    const server = https.createServer({ ...secure, handshakeTimeout: 50 }, held.handler)
    const guard = limitServer(server, { limit: 9, logLevel: false })
    const served = await listen(server, { policies: [guard], guard, tls: true })
    await closedByServer(tcp(served.port))
    await until('the slot is given back', () => guard.zones[0]!.stats().active === 0)
    expect(held.runs).toBe(0)

    const client = await served.get()
    await held.arrived(1)
    expect(guard.zones[0]!.stats()).toMatchObject({ passed: 2, active: 1 })
    if (how === 'ends') client.destroy()
    else client.reset()
    await until('the slot is given back', () => guard.zones[0]!.stats().active === 0)
  },
)

it('N23: https: the raw socket and the TLSSocket are two objects and one slot', async () => {
  const server = makeServer('https', new Held())
  const seen: net.Socket[] = []
  for (const event of ['connection', 'secureConnection'])
    server.on(event, (socket: net.Socket) => seen.push(socket))
  const guard = limitServer(server, { limit: 1, logLevel: false })
  const { connect } = await listen(server, { policies: [guard], guard, tls: true })
  await connect()
  await until('both are seen', () => seen.length === 2)

  expect(seen[0]).not.toBe(seen[1])
  expect(guard.zones[0]!.stats()).toMatchObject({ passed: 1, active: 1 })
})
