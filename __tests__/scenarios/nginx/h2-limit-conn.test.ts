import http2 from 'node:http2'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { limitConn, Zone } from '../../../lib/index.ts'
import { connect2 } from '../../helpers/client2.ts'
import { bare } from '../../helpers/hosts.ts'
import { kinds } from '../../helpers/http2.ts'
import { serve, type Served } from '../../helpers/server.ts'
import { until } from '../../helpers/until.ts'

// What nginx-tests checks in h2_limit_conn.t, told anew. In nginx each stream of HTTP/2 is a connection to limit_conn,
// hence `count: 'requests'`.

interface Started {
  readonly zone: Zone
  /** Responses of which a part was sent, and no end. */
  readonly open: ServerResponse[]
  readonly server: Served
}

describe.each(kinds)('h2_limit_conn, %s', (_kind, tls) => {
  /** A server that answers with 200 and a part of the body, and not with the rest. */
  async function start(limit: number): Promise<Started> {
    const zone = new Zone({ name: 'conn' })
    const policy = limitConn({ limit, zone, count: 'requests', logLevel: false })
    const open: ServerResponse[] = []
    const handler = bare([policy], (_req, res) => {
      res.write('SEE-')
      open.push(res)
    })
    return { zone, open, server: await serve(handler, { policies: [policy], tls, http2: true }) }
  }

  it('rejects the second stream of a session, and passes again when the first has ended', async () => {
    const { zone, open, server } = await start(1)
    const session = await connect2(server)
    expect(await session.get().status()).toBe(200)
    expect(await session.get().status()).toBe(503)

    for (const res of open.splice(0)) res.end('THIS')
    await until('the slot is given back', () => zone.stats().active === 0)
    expect(await session.get().status()).toBe(200)
    expect(zone.stats()).toMatchObject({ passed: 2, rejected: 1, peak: 1 })
  })

  it('counts the streams of all sessions of a client together', async () => {
    const { zone, server } = await start(2)
    const [one, other] = [await connect2(server), await connect2(server)]
    expect(await one.get().status()).toBe(200)
    expect(await other.get().status()).toBe(200)
    expect(await one.get().status()).toBe(503)
    expect(await other.get().status()).toBe(503)
    expect(zone.count('127.0.0.1')).toBe(2)
  })

  it("gives the slot back at a client's RST_STREAM, and admits the next", async () => {
    const { zone, server } = await start(1)
    const session = await connect2(server)
    const first = session.get()
    expect(await first.status()).toBe(200)
    first.reset(http2.constants.NGHTTP2_STREAM_CLOSED)

    await until('the slot is given back', () => zone.stats().active === 0)
    expect(await session.get().status()).toBe(200)
    expect(zone.stats()).toMatchObject({ passed: 2, rejected: 0, active: 1, peak: 1 })
  })

  it('a rejection leaves the session and its other streams alone', async () => {
    const { open, server } = await start(1)
    const session = await connect2(server)
    const first = session.get()
    await first.status()
    const rejected = session.get()
    await rejected.closed()
    expect([rejected.code, rejected.stream.rstCode]).toEqual([503, http2.constants.NGHTTP2_NO_ERROR])
    expect([session.isClosed, session.hasGoaway, first.isClosed]).toEqual([false, false, false])

    for (const res of open.splice(0)) res.end('THIS')
    await first.closed()
    expect(first.received).toBe('SEE-THIS')
  })

  it('gives all slots back when the session ends', async () => {
    const { zone, server } = await start(5)
    const session = await connect2(server)
    const answers = await Promise.all(Array.from({ length: 7 }, () => session.get().status()))
    expect(answers).toEqual([200, 200, 200, 200, 200, 503, 503])

    session.destroy()
    await until('all slots are given back', () => zone.stats().active === 0)
    expect(await (await connect2(server)).get().status()).toBe(200)
  })
})
