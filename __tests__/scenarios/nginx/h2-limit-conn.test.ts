import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import path from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { limitConn, Zone, type LimitConn } from '../../../lib/index.ts'
import { until } from '../../helpers/until.ts'

// What nginx-tests checks in h2_limit_conn.t, told anew. In nginx each stream of HTTP/2 is a connection to limit_conn,
// hence `count: 'requests'`.

const readTls = (name: string): Buffer => readFileSync(path.join(__dirname, '../../helpers/tls', name))

interface Started {
  readonly policy: LimitConn
  readonly zone: Zone
  /** Responses of which a part was sent, and no end. */
  readonly open: Http2ServerResponse[]
  readonly server: http2.Http2Server
  readonly sockets: Set<Socket>
  readonly sessions: ClientHttp2Session[]
  readonly url: string
}

const running: Started[] = []

/** A server that answers with 200 and a part of the body, and not with the rest. */
async function start(tls: boolean, limit: number): Promise<Started> {
  const zone = new Zone({ name: 'conn' })
  const policy = limitConn({ limit, zone, count: 'requests', logLevel: false })
  const open: Http2ServerResponse[] = []
  const onRequest = (req: http2.Http2ServerRequest, res: Http2ServerResponse): void => {
    policy(req, res, (error) => {
      if (error) {
        res.writeHead(500).end()
        return
      }
      res.writeHead(200)
      res.write('SEE-')
      open.push(res)
    })
  }
  const server = tls
    ? http2.createSecureServer({ key: readTls('key.pem'), cert: readTls('cert.pem') }, onRequest)
    : http2.createServer(onRequest)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')

  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  const started = { policy, zone, open, server, sockets, sessions: [], url }
  running.push(started)
  return started
}

function connect({ sessions, url }: Started): ClientHttp2Session {
  const session = http2.connect(url, { rejectUnauthorized: false })
  session.on('error', () => undefined)
  sessions.push(session)
  return session
}

/** Opens a stream, and waits for the head of its answer; the body is not awaited. */
async function ask(session: ClientHttp2Session): Promise<{ status: number; stream: ClientHttp2Stream }> {
  const stream = session.request({ ':path': '/t.html' })
  stream.on('error', () => undefined)
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  stream.resume()
  return { status: headers[':status'] as unknown as number, stream }
}

async function expectNothingLeft({ policy, zone, server, sockets, sessions }: Started): Promise<void> {
  for (const session of sessions) session.destroy()
  server.close()
  for (const socket of sockets) socket.destroy()

  await until('every slot is given back', () => zone.stats().active === 0)
  await until('every connection of the server is closed', () => sockets.size === 0)
  await until('no connection is watched', () => policy.watched === 0)
  expect(zone.audit()).toEqual({ active: 0, found: 0, gone: 0, stalled: 0, isClean: true })
  expect(zone.stats().keys).toBe(0)
}

afterEach(async () => {
  for (const started of running.splice(0)) await expectNothingLeft(started)
})

describe.each([false, true])('HTTP/2, TLS %s', (tls) => {
  it('rejects the second stream of a session, and passes again when the first has ended', async () => {
    const started = await start(tls, 1)
    const session = connect(started)
    expect((await ask(session)).status).toBe(200)
    expect((await ask(session)).status).toBe(503)

    for (const res of started.open.splice(0)) res.end('THIS')
    await until('the slot is given back', () => started.zone.stats().active === 0)
    expect((await ask(session)).status).toBe(200)
    expect(started.zone.stats()).toMatchObject({ passed: 2, rejected: 1, peak: 1 })
  })

  it('counts the streams of all sessions of a client together', async () => {
    const started = await start(tls, 2)
    const [one, other] = [connect(started), connect(started)]
    expect((await ask(one)).status).toBe(200)
    expect((await ask(other)).status).toBe(200)
    expect((await ask(one)).status).toBe(503)
    expect((await ask(other)).status).toBe(503)
    expect(started.zone.count('127.0.0.1')).toBe(2)
  })

  it("gives the slot back at a client's RST_STREAM, and admits the next", async () => {
    const started = await start(tls, 1)
    const session = connect(started)
    const first = await ask(session)
    expect(first.status).toBe(200)
    first.stream.close(http2.constants.NGHTTP2_STREAM_CLOSED)

    await until('the slot is given back', () => started.zone.stats().active === 0)
    expect((await ask(session)).status).toBe(200)
    expect(started.zone.stats()).toMatchObject({ passed: 2, rejected: 0, active: 1, peak: 1 })
  })

  it('a rejection leaves the session and its other streams alone', async () => {
    const started = await start(tls, 1)
    const session = connect(started)
    const { stream } = await ask(session)
    const rejected = await ask(session)
    await until('the rejected stream is closed', () => rejected.stream.destroyed)
    expect(rejected.stream.rstCode).toBe(http2.constants.NGHTTP2_NO_ERROR)
    expect([session.closed, session.destroyed, stream.destroyed]).toEqual([false, false, false])

    for (const res of started.open.splice(0)) res.end('THIS')
    await until('the first stream is closed', () => stream.destroyed)
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_NO_ERROR)
  })

  it('gives all slots back when the session ends', async () => {
    const started = await start(tls, 5)
    const session = connect(started)
    const answers = await Promise.all(Array.from({ length: 7 }, () => ask(session)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 503, 503])

    session.destroy()
    await until('all slots are given back', () => started.zone.stats().active === 0)
    expect((await ask(connect(started))).status).toBe(200)
  })
})
