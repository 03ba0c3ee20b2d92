import { constants, type Http2ServerRequest } from 'node:http2'
import { expect } from '@jest/globals'
import type { Link2 } from '../../helpers/link.ts'
import { nextTurn, until } from '../../helpers/until.ts'
import type { Theme } from '../matrix.ts'
import type { Stand } from '../stand.ts'

const not = { http1: 'HTTP/2 only', ws: 'HTTP/2 only' }

/** A session with so many streams, all of which are held: one connection. */
async function streams(stand: Stand, count: number): Promise<Link2> {
  const link = (await stand.connect()) as Link2
  for (let n = 0; n < count; n++) link.ask()
  await stand.held.arrived(count)
  await stand.counts(1, 1)
  expect(stand.requests.zones[0]!.stats().active).toBe(count)
  return link
}

/** The server's side of the stream that came first. */
function firstStream({ held }: Stand): Http2ServerRequest['stream'] {
  return (held.waiting[0]!.req as unknown as Http2ServerRequest).stream
}

/** Waits until so many requests are counted, and their connection still. */
async function leaves(stand: Stand, requests: number): Promise<void> {
  const [zone] = stand.requests.zones
  await until(`${requests} requests are counted`, () => zone!.stats().active === requests)
  await stand.counts(1, 1)
}

export const sessions: Theme = {
  title: 'Sessions and streams of HTTP/2',
  rows: [
    {
      name: '100 streams, all answered, then FIN',
      ids: 'N9, N26, A-21',
      not,
      run: async (stand) => {
        const link = await streams(stand, 100)
        stand.held.release()
        await until('all are answered', () => link.streams.every(({ isClosed }) => isClosed))
        await leaves(stand, 0)
        link.end()
      },
    },
    {
      name: '100 streams, then RST',
      ids: 'N26, A-21, A-45',
      not,
      run: async (stand) => (await streams(stand, 100)).reset(),
    },
    {
      name: '100 streams, then FIN',
      ids: 'N26, A-21',
      not,
      run: async (stand) => (await streams(stand, 100)).end(),
    },
    {
      name: '100 streams, the client destroys the session',
      ids: 'N26, A-21',
      not,
      run: async (stand) => (await streams(stand, 100)).session.destroy(),
    },
    {
      name: '100 streams, the server destroys the session',
      ids: 'N25, N26, A-21',
      not,
      run: async (stand) => {
        const link = await streams(stand, 100)
        firstStream(stand).session!.destroy()
        await link.closed()
      },
    },
    {
      name: 'the client resets one of three streams',
      ids: 'N26, A-21',
      not,
      run: async (stand) => {
        const link = await streams(stand, 3)
        link.streams[0]!.reset()
        await leaves(stand, 2)
        link.end()
      },
    },
    {
      name: 'the server resets one of three streams',
      ids: 'N25, A-21',
      not,
      run: async (stand) => {
        const link = await streams(stand, 3)
        firstStream(stand).close(constants.NGHTTP2_CANCEL)
        await leaves(stand, 2)
        link.end()
      },
    },
    {
      name: 'the client resets an upload that nobody reads',
      ids: 'N43, A-21',
      not,
      run: async (stand) => {
        const link = (await stand.connect()) as Link2
        const upload = link.session.post()
        upload.stream.write('x'.repeat(30_000))
        await stand.held.arrived(1)
        upload.reset()
        await leaves(stand, 0)
        link.end()
      },
    },
    {
      name: '200 streams, each reset at once',
      ids: 'A-21, A-22, F54, F55',
      not,
      run: async (stand) => {
        const link = (await stand.connect()) as Link2
        for (let n = 0; n < 200; n++) {
          link.session.get().reset()
          if (n % 20 === 0) await nextTurn()
        }
        await until('no request is counted', () => stand.requests.zones[0]!.stats().active === 0)
        link.session.destroy()
      },
    },
    {
      name: 'GOAWAY of the client while a stream is open',
      ids: 'N26, A-22',
      not,
      run: async (stand) => {
        const link = await streams(stand, 1)
        link.session.session.close()
        await stand.counts(1, 1)
        await stand.answer(link)
        await link.closed()
      },
    },
    {
      name: 'GOAWAY of the server while a stream is open',
      ids: 'N26, A-22',
      not,
      run: async (stand) => {
        const link = await streams(stand, 1)
        firstStream(stand).session!.close()
        await until('it is told', () => link.isSentAway)
        await stand.counts(1, 1)
        await stand.answer(link)
        await link.closed()
      },
    },
    {
      name: 'one stream above the limit of requests: the others go on',
      ids: 'A-21',
      not,
      run: async (stand) => {
        stand.requests.setConfig({ limit: 2 })
        const link = await streams(stand, 2)
        expect(await link.ask().status()).toBe(503)
        expect([link.isSentAway, link.isClosed]).toEqual([false, false])
        await leaves(stand, 2)
        link.end()
      },
    },
  ],
}
