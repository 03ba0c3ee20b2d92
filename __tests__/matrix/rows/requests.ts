import { expect } from '@jest/globals'
import { Link1, Link2, type Link } from '../../helpers/link.ts'
import { until } from '../../helpers/until.ts'
import type { Theme } from '../matrix.ts'
import type { Stand } from '../stand.ts'

const ws = { ws: 'a WebSocket has no requests' }
const http1Only = { ...ws, http2: 'HTTP/1 only' }

/** A request whose body does not end, and of which so much has come. */
async function upload(stand: Stand, bytes: number): Promise<Link> {
  const link = await stand.connect()
  const body = 'x'.repeat(bytes)
  if (link instanceof Link1)
    link.client.write(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n${body}`)
  if (link instanceof Link2) link.session.post().stream.write(body)
  await stand.held.arrived(1)
  await stand.counts(1, 1)
  return link
}

export const requests: Theme = {
  title: 'Requests and answers',
  rows: [
    {
      name: 'two requests, both answered, then FIN',
      ids: 'N1, A-07',
      not: ws,
      run: async (stand) => {
        const link = await stand.enter()
        await stand.answer(link)
        link.ask()
        await stand.held.arrived(1)
        await stand.counts(1, 1)
        await stand.answer(link)
        await stand.counts(1, 1)
        link.end()
      },
    },
    {
      name: 'answered, then silent until keepAliveTimeout',
      ids: 'N16, N17',
      not: { ...ws, http2: 'no such timeout in HTTP/2' },
      run: async (stand) => {
        // Newer versions of Node wait a second longer than they say.
        Object.assign(stand.server, { keepAliveTimeout: 50, keepAliveTimeoutBuffer: 0 })
        const link = await stand.enter()
        await stand.answer(link)
        stand.server.keepAliveTimeout = 60_000
        await link.closed()
      },
    },
    {
      name: 'HTTP/1.0',
      ids: 'N1',
      not: http1Only,
      run: async (stand) => {
        const client = (await stand.client()).write('GET / HTTP/1.0\r\n\r\n')
        await stand.held.arrived(1)
        await stand.counts(1, 1)
        stand.held.release()
        await client.closed()
        expect(client.statuses).toEqual([200])
      },
    },
    {
      name: 'Expect: 100-continue',
      ids: 'N30, A-25',
      not: ws,
      run: async (stand) => {
        const link = (await stand.connect()).ask({ Expect: '100-continue' })
        await stand.held.arrived(1)
        await stand.counts(1, 1)
        stand.held.release()
        await until('it is answered', () => link.has(200))
        link.end()
      },
    },
    {
      name: 'Expect of something else: 417 by Node',
      ids: 'N31, A-25',
      not: ws,
      run: async (stand) => {
        const link = (await stand.connect()).ask({ Expect: 'other' })
        expect(await link.status()).toBe(417)
        await stand.counts(1, 0)
        link.end()
      },
    },
    {
      name: '100 requests on one connection',
      ids: 'N1, A-24, F29, F45',
      not: ws,
      run: async (stand) => {
        const link = await stand.enter()
        await stand.answer(link)
        const listeners = (): number[] => stand.sockets.map((socket) => socket.listenerCount('close'))
        const before = listeners()
        for (let n = 0; n < 100; n++) {
          link.ask()
          await stand.held.arrived(1)
          await stand.answer(link)
        }
        expect(listeners()).toEqual(before)
        expect(stand.policy.zones[0]!.stats()).toMatchObject({ passed: 1, active: 1, peak: 1 })
        link.end()
      },
    },
    {
      name: 'FIN while the handler works',
      ids: 'N3, F55',
      not: ws,
      run: async (stand) => {
        const link = await stand.enter()
        link.end()
        await stand.counts(0, 0)
        expect(stand.held.waiting).toHaveLength(1)
      },
    },
    {
      name: 'RST while the handler works',
      ids: 'N2, A-45',
      not: ws,
      run: async (stand) => (await stand.enter()).reset(),
    },
    {
      name: 'the body is read before the handler ends',
      ids: 'N4, A-06',
      not: ws,
      run: async (stand) => {
        const link = await stand.connect()
        if (link instanceof Link2) link.session.post().stream.end('body')
        else (link as Link1).client.write('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody')
        await stand.held.arrived(1)
        const { req } = stand.held.waiting[0]!
        let isRead = false
        req.on('end', () => (isRead = true)).resume()
        await until('it is read', () => isRead && req.readableEnded)
        await new Promise((resolve) => setTimeout(resolve, 20))
        await stand.counts(1, 1)
        expect(stand.requests.zones[0]!.stats().active).toBe(1)
        link.end()
      },
    },
    {
      name: 'RST in the body of a request',
      ids: 'N43, A-45',
      not: ws,
      run: async (stand) => (await upload(stand, 10)).reset(),
    },
    {
      name: 'RST behind 300 KB of a body that nobody reads',
      ids: 'N43, A-45',
      isSwept: true,
      not: ws,
      run: async (stand) => {
        const link = await upload(stand, 300_000)
        await until('some of it has come', () => stand.sockets.some(({ bytesRead }) => bytesRead > 1_000))
        link.reset()
      },
    },
    {
      name: 'a body that stops, until requestTimeout',
      ids: 'N16, N42',
      not: { ...ws, http2: 'no such timeout in HTTP/2' },
      run: async (stand) => {
        stand.server.headersTimeout = stand.server.requestTimeout = 100
        const link = await upload(stand, 10)
        await link.closed()
        expect(link.has(408)).toBe(true)
        stand.server.headersTimeout = stand.server.requestTimeout = 60_000
      },
    },
    {
      name: 'RST in the middle of the answer',
      ids: 'N2, A-45',
      not: ws,
      run: async (stand) => {
        const link = await stand.enter()
        stand.held.waiting[0]!.res.write('half')
        expect(await link.status()).toBe(200)
        link.reset()
      },
    },
    {
      name: 'an answer of 20 MB that the client does not read, then RST',
      ids: 'N43, A-45',
      not: ws,
      run: async (stand) => {
        const link = await stand.enter()
        if (link instanceof Link2) link.streams[0]!.stream.pause()
        else (link as Link1).client.socket.pause()
        stand.held.release('x'.repeat(20_000_000))
        await until('some of it has gone', () => stand.sockets.some((socket) => socket.bytesWritten > 60_000))
        await stand.counts(1, 1)
        link.reset()
      },
    },
  ],
}
