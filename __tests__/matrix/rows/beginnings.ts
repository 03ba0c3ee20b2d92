import type { Socket } from 'node:net'
import tls from 'node:tls'
import { expect } from '@jest/globals'
import type { Client } from '../../helpers/client.ts'
import { frame, getRoot, hello } from '../../helpers/frames.ts'
import { Link1 } from '../../helpers/link.ts'
import { closedByServer, tcp } from '../../helpers/tcp.ts'
import { until } from '../../helpers/until.ts'
import type { Theme } from '../matrix.ts'
import type { Stand } from '../stand.ts'

const noTls = { plain: 'no TLS' }
const http1Only = { http2: 'HTTP/1 only' }

/** The beginning of a ClientHello: a record of 512 bytes, of which eleven come. */
const halfHello = Buffer.from('1603010200010001fc0303', 'hex')

/** A client that has sent half a request. */
async function half(stand: Stand): Promise<Client> {
  const client = await stand.client()
  if (stand.column.speaks === 'http2')
    client.socket.write(Buffer.concat([hello(), getRoot(1).subarray(0, 12)]))
  else client.write('GET / HTTP/1.1\r\nUpgrade: webso')
  await until('half of it has come', () => stand.sockets.some(({ bytesRead }) => bytesRead >= 28))
  await stand.counts(1, 0)
  return client
}

/** A client of TCP that is counted, whatever the server speaks. */
async function counted(stand: Stand) {
  const client = tcp(stand.served.port)
  await stand.counts(1, 0)
  return client
}

export const beginnings: Theme = {
  title: 'Before the first request',
  rows: [
    {
      name: 'sends nothing, then FIN',
      ids: 'N13, N16, A-16',
      run: async (stand) => {
        const link = await stand.connect()
        await stand.counts(1, 0)
        link.end()
      },
    },
    {
      name: 'sends nothing, then RST',
      ids: 'N3, A-16, A-45',
      run: async (stand) => {
        const link = await stand.connect()
        await stand.counts(1, 0)
        link.reset()
      },
    },
    {
      name: 'half a request header, then FIN',
      ids: 'N16, A-16',
      run: async (stand) => void (await half(stand)).socket.end(),
    },
    {
      name: 'half a request header, then RST',
      ids: 'N16, A-16, A-45',
      run: async (stand) => (await half(stand)).reset(),
    },
    {
      name: 'half a request header, until headersTimeout',
      ids: 'N16, N17, A-16',
      not: { http2: 'no such timeout in HTTP/2' },
      run: async (stand) => {
        stand.server.headersTimeout = 100
        stand.server.requestTimeout = 100
        const client = await half(stand)
        expect(await client.answer()).toBe(408)
        await client.closed()
        stand.server.headersTimeout = 60_000
        stand.server.requestTimeout = 60_000
      },
    },
    {
      name: 'silent until the timeout of the server',
      ids: 'N17, N18',
      run: async (stand) => {
        stand.server.timeout = 60
        const link = await stand.connect()
        await link.closed()
        stand.server.timeout = 0
        expect(stand.guard.zones[0]!.stats().passed).toBe(1)
      },
    },
    {
      name: 'bytes that are no request',
      ids: 'N19',
      run: async (stand) => {
        const client = await stand.client()
        const ping = frame('ping', 0, 0, Buffer.alloc(5))
        if (stand.column.speaks === 'http2') client.socket.end(Buffer.concat([hello(), ping]))
        else expect(await client.write('no HTTP at all\r\n\r\n').answer()).toBe(400)
        await client.closed()
        expect(stand.held.runs).toBe(0)
      },
    },
    {
      name: 'bytes that are no request, and a clientError listener that only says end()',
      ids: 'N19, A-11',
      isSwept: true,
      not: http1Only,
      run: async (stand) => {
        stand.server.on('clientError', (_, socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
        const client = await stand.client({ allowHalfOpen: true })
        expect(await client.write('no HTTP at all\r\n\r\n').answer()).toBe(400)
      },
    },
    {
      name: 'destroyed by another listener, in the same tick',
      ids: 'N21, A-14, F31',
      run: async (stand) => {
        const end = (socket: Socket): unknown => socket.destroy()
        stand.server.prependListener('connection', end)
        await closedByServer(tcp(stand.served.port))
        stand.server.off('connection', end)
        expect(stand.guard.zones[0]!.stats().passed).toBe(1)
      },
    },
    {
      name: 'destroyed before the guard is asked, in the same tick',
      ids: 'N21, A-14, F31',
      run: async (stand) => {
        const { server } = stand
        const emit = server.emit.bind(server)
        server.emit = (event: string, ...args: unknown[]) => {
          if (event === 'connection') (args[0] as Socket).destroy()
          return emit(event, ...args)
        }
        await closedByServer(tcp(stand.served.port))
        server.emit = emit
        expect(stand.guard.zones[0]!.stats().passed).toBe(0)
      },
    },
    {
      name: 'above maxConnections of the server',
      ids: 'N32, A-27',
      run: async (stand) => {
        stand.server.maxConnections = 2
        const links = [await stand.enter(), await stand.enter()]
        await closedByServer(tcp(stand.served.port))
        stand.server.maxConnections = Infinity
        await stand.counts(2, 2)
        expect(stand.guard.dropped).toBe(1)
        for (const link of links) link.end()
      },
    },
    {
      name: 'TLS: no handshake, then FIN',
      ids: 'N23, A-13',
      not: noTls,
      run: async (stand) => void (await counted(stand)).end(),
    },
    {
      name: 'TLS: no handshake, until handshakeTimeout',
      ids: 'N23, A-13',
      not: noTls,
      options: { server: { handshakeTimeout: 500 } },
      run: async (stand) => closedByServer(await counted(stand)),
    },
    {
      name: 'TLS: half a handshake, then RST',
      ids: 'N23, A-13',
      not: noTls,
      run: async (stand) => {
        const client = await counted(stand)
        client.write(halfHello)
        await until('it has come', () => stand.sockets.some(({ bytesRead }) => bytesRead > 0))
        client.resetAndDestroy()
      },
    },
    {
      name: 'TLS: RST while the server answers the handshake',
      ids: 'N23, N47, A-13',
      not: noTls,
      run: async (stand) => {
        const raw = await counted(stand)
        tls.connect({ socket: raw, rejectUnauthorized: false }).on('error', () => undefined)
        await until('it has begun', () => raw.bytesRead > 0)
        raw.resetAndDestroy()
      },
    },
    {
      name: 'TLS: plain text in place of a handshake',
      ids: 'N23, A-13',
      not: noTls,
      run: async (stand) => {
        const client = await counted(stand)
        client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
        await closedByServer(client)
        expect(stand.held.runs).toBe(0)
      },
    },
    {
      name: 'HTTP/1 on the port of HTTP/2',
      ids: 'N23',
      not: { http1: 'HTTP/2 only', ws: 'HTTP/2 only' },
      run: async (stand) => {
        const link = new Link1(await stand.client({ ALPNProtocols: ['http/1.1'] })).ask()
        await stand.held.arrived(1)
        await stand.counts(1, 1)
        stand.held.release()
        expect(await link.status()).toBe(200)
        link.end()
      },
    },
  ],
}
