import http2 from 'node:http2'
import { describe, expect, it } from '@jest/globals'
import { connect2 } from '../helpers/client2.ts'
import { kinds, serve2 } from '../helpers/http2.ts'
import type { Served } from '../helpers/server.ts'
import { elapse, until } from '../helpers/until.ts'

describe.each(kinds)('limitConn and resets over HTTP/2, %s', (_kind, tls) => {
  it('sends a refused session away though Node never closes the stream that kept it', async () => {
    const { held, server } = await serve2({ skip: ['/free'] }, tls)
    ;(await connect2(server)).get()
    await held.arrived(1)
    const session = await connect2(server)
    const free = session.get('/free')
    free.stream.pause()
    await held.arrived(2)
    held.waiting.find(({ req }) => req.url === '/free')!.res.write(Buffer.alloc(1_000_000))
    expect(await free.status()).toBe(200)
    expect(await session.get().status()).toBe(503)
    await elapse(20)
    expect(session.hasGoaway).toBe(false)
    free.reset(http2.constants.NGHTTP2_NO_ERROR)
    // Its own half of the stream keeps the client's session, so that the server is asked.
    await until('the connection is gone', () => server.sockets.size <= (tls ? 2 : 1), 4_000)
    expect(session.hasGoaway).toBe(true)
  })

  // Node keeps such a stream, closed and never destroyed: what is called on its response throws.
  describe.each([http2.constants.NGHTTP2_NO_ERROR, http2.constants.NGHTTP2_CANCEL])(
    'an upload that is reset with code %d while something is waited for',
    (code) => {
      let resolve: ((value: never) => void) | undefined
      const wait = (): Promise<never> => new Promise((done) => (resolve = done))

      /** Unread, the stream is not destroyed by Node 20 when it is reset without an error. */
      const keepUnread = (req: unknown): unknown =>
        (req as http2.Http2ServerRequest).stream.on('readable', () => undefined)

      async function resetWhileWaiting(server: Served): Promise<void> {
        resolve = undefined
        const stream = (await connect2(server)).post()
        stream.stream.write('x'.repeat(30_000))
        await until('something is waited for', () => resolve !== undefined)
        stream.reset(code)
        await elapse(100)
      }

      it.each([
        ['key', { key: wait }, 'x'],
        ['limit', { limit: wait }, 1],
        ['skip', { skip: wait }, true],
      ])('is not let in: %s', async (_what, options, value) => {
        const { held, server, policy } = await serve2({ ...options, count: 'requests' }, tls, keepUnread)
        await resetWhileWaiting(server)
        resolve!(value as never)
        await elapse(20)
        expect([held.runs, policy.zones[0]!.stats().active]).toEqual([0, 0])
      })

      it.each([
        ['message', { message: wait }],
        [
          'a handler that calls next',
          { reject: async (_q: unknown, _s: unknown, next: (error: unknown) => void) => next(await wait()) },
        ],
        ['a handler that is too late', { reject: wait, timeoutMs: 60 }],
      ])('is not answered: %s', async (_what, options) => {
        const { held, server, policy } = await serve2({ ...options, count: 'requests' }, tls, keepUnread)
        ;(await connect2(server)).get()
        await held.arrived(1)
        await resetWhileWaiting(server)
        resolve!('late' as never)
        await elapse(20)
        expect([held.runs, policy.zones[0]!.stats().active]).toEqual([1, 1])
      })
    },
  )

  it('survives a client that resets while the message is made', async () => {
    let answer: ((body: string) => void) | undefined
    const message = (): Promise<string> => new Promise((resolve) => (answer = resolve))
    const { held, server } = await serve2({ message }, tls)
    ;(await connect2(server)).get()
    await held.arrived(1)
    const session = await connect2(server)
    const stream = session.get()
    await until('the message is asked', () => answer !== undefined)
    stream.reset()
    await stream.closed()
    await elapse(20)
    answer!('late')
    await session.closed(2_500)
  })
})
