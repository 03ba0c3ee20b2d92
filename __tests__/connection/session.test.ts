import http2 from 'node:http2'
import net from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from '@jest/globals'
import { Connection } from '../../lib/connection/connection.ts'
import { isStreamGone, openStreamsOf, socketOfSession } from '../../lib/connection/session.ts'
import { connect2 } from '../helpers/client2.ts'
import { kinds } from '../helpers/http2.ts'
import { serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

type Request = http2.Http2ServerRequest

// node-facts N25: req.socket is another Proxy for each stream, and session.socket throws for some of its names.
describe.each(kinds)('the connection of an HTTP/2 session, %s', (_kind, isTls) => {
  async function start(): Promise<{ requests: Request[]; session: Awaited<ReturnType<typeof connect2>> }> {
    const requests: Request[] = []
    const handler = (req: unknown): unknown => requests.push(req as Request)
    const server = await serve(handler, { policies: [], tls: isTls, http2: true })
    return { requests, session: await connect2(server) }
  }

  it('is one for all its streams, and stands on the real socket', async () => {
    const { requests, session } = await start()
    for (let n = 0; n < 3; n++) session.get()
    await until('three streams are there', () => requests.length === 3)

    expect(new Set(requests.map(({ socket }) => socket)).size).toBe(3)
    const connections = requests.map(({ stream }) => Connection.ofSession(stream.session!))
    expect(new Set(connections).size).toBe(1)
    const { socket, session: known, isTrackable } = connections[0]!
    expect([socket instanceof net.Socket, socket instanceof tls.TLSSocket]).toEqual([true, isTls])
    expect([known === requests[0]!.stream.session, isTrackable]).toEqual([true, true])
    expect(Connection.of(socket)).toBe(connections[0])
  })

  it('is not found for a session that has ended, for it is not to keep it', async () => {
    const { requests, session } = await start()
    session.get()
    await until('the stream is there', () => requests.length === 1)
    const { session: served } = requests[0]!.stream
    const asked = Connection.ofSession(served!)
    session.destroy()
    await until('the session has ended', () => served!.destroyed)
    await until('its socket is gone', () => asked!.socket.destroyed)

    expect(socketOfSession(served!)).toBeUndefined()
    expect(Connection.ofSession(served!)).toBeUndefined()
    expect(asked!.holder.isEnded).toBe(true)
  })

  it('is destroyed with its session', async () => {
    const { requests, session } = await start()
    session.get()
    await until('the stream is there', () => requests.length === 1)
    const connection = Connection.ofSession(requests[0]!.stream.session!)!
    connection.destroy()
    await until('both are destroyed', () => connection.session!.destroyed && connection.socket.destroyed)
    await session.closed()
  })

  it('knows the streams that are open, also those that nobody limits', async () => {
    const { requests, session } = await start()
    const streams = [session.get(), session.post(), session.get()]
    await until('three streams are there', () => requests.length === 3)
    const served = requests[0]!.stream.session!
    const open = (): number[] => [...openStreamsOf(served)].map(({ id }) => id!)
    expect(open()).toEqual([1, 3, 5])

    streams[1]!.reset()
    await until('one is gone', () => open().length === 2)
    expect(open()).toEqual([1, 5])
  })
})

describe('isStreamGone', () => {
  it('sees a stream that was reset without an error while data waits, though Node keeps it', async () => {
    const requests: Request[] = []
    const server = await serve(
      (req, res) => {
        requests.push(req as unknown as Request)
        res.write(Buffer.alloc(1_000_000))
      },
      { policies: [], http2: true },
    )
    const stream = (await connect2(server)).get()
    stream.stream.pause()
    await until('the stream is there', () => requests.length === 1)
    expect(isStreamGone(requests[0]!.stream)).toBe(false)
    stream.reset(http2.constants.NGHTTP2_NO_ERROR)
    await until('it is gone', () => isStreamGone(requests[0]!.stream))
    expect(requests[0]!.stream.destroyed).toBe(false)
  })
})

describe('openStreamsOf', () => {
  it('finds none where Node does not show them', () => {
    expect([...openStreamsOf({} as http2.Http2Session)]).toEqual([])
    expect([...openStreamsOf({ [Symbol('state')]: { streams: {} } } as never)]).toEqual([])
  })
})
