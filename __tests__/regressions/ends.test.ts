import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { describe, expect, it } from '@jest/globals'
import { limitServer, type LimitServerOptions } from '../../lib/index.ts'
import { expectInTime } from '../helpers/bounds.ts'
import type { Client } from '../helpers/client.ts'
import { listen, readTls } from '../helpers/server.ts'
import { elapse, until } from '../helpers/until.ts'

const secure = { key: readTls('key.pem'), cert: readTls('cert.pem') }

/** A guard whose sweep comes too late to find what nobody told. */
const untold = { limit: 200, logLevel: false, sweep: { everyMs: 60_000 } } as const

async function guard(server: http.Server | http2.Http2SecureServer, options: LimitServerOptions) {
  const handle = limitServer(server, { logLevel: false, ...options })
  const tls = !(server instanceof http.Server) || server instanceof https.Server
  const served = await listen(server, { policies: [handle], guard: handle, tls })
  return { ...served, zone: handle.zones[0]! }
}

describe('TLS clients that speak no protocol of the server', () => {
  it('F53: 200 of them, half of which never close, leave nothing counted', async () => {
    const server = http2.createSecureServer({ ...secure, unknownProtocolTimeout: 100 } as object)
    const { connect, zone } = await guard(server, untold)
    for (let wave = 0; wave < 4; wave++)
      await Promise.all(Array.from({ length: 50 }, (_, n) => connect({ allowHalfOpen: n % 2 === 0 })))

    await until('all were counted, and none is any more', () => {
      return zone.stats().passed === 200 && zone.stats().active === 0
    })
  })

  it('F53: count as long as an application keeps them that takes them and forgets them', async () => {
    const server = http2.createSecureServer(secure)
    server.on('unknownProtocol', () => undefined)
    const { connect, zone } = await guard(server, { ...untold, limit: 5 })
    const clients = await Promise.all(Array.from({ length: 5 }, () => connect()))
    await expect(connect().then((client) => client.closed())).rejects.toThrow(/disconnected|ECONNRESET/)
    expect(zone.stats()).toMatchObject({ active: 5, rejected: 1 })

    for (const client of clients) client.reset()
    await until('all are given back', () => zone.stats().active === 0)
  })
})

it.each(['SNICallback', 'ALPNCallback'])(
  'F58: handshakes that fail because %s of the application throws leave nothing counted',
  async (name) => {
    let thrown = 0
    const callback = (): never => {
      thrown++
      throw new Error('theirs')
    }
    const { connect, zone } = await guard(https.createServer({ ...secure, [name]: callback }), untold)
    const options = { servername: 'a.test', ALPNProtocols: ['http/1.1'] }
    const failed = await Promise.allSettled(Array.from({ length: 50 }, () => connect(options)))

    expect(failed.filter(({ status }) => status === 'fulfilled')).toEqual([])
    expect(thrown).toBe(50)
    await until('all are given back', () => zone.stats().passed === 50 && zone.stats().active === 0)
  },
)

/** What a client sends that never comes to an end, though bytes never cease to move. */
const endless: Record<string, (client: Client) => unknown> = {
  'chunk extensions': (client) => client.write('x'),
  'an upload in small chunks': (client) => client.write('1\r\nx\r\n'),
}

it.each(Object.keys(endless))('F59: %s without an end are cut after maxLifetimeMs', async (name) => {
  const server = http.createServer((req) => req.resume())
  const everyMs = 50
  const { connect, zone } = await guard(server, { limit: 5, maxLifetimeMs: 300, sweep: { everyMs } })
  const startMs = performance.now()
  const client = await connect()
  client.write('POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n')
  if (name === 'chunk extensions') client.write('1;')
  while (!client.isClosed && performance.now() - startMs < 5_000) {
    endless[name]!(client)
    await elapse(5)
  }

  expectInTime(performance.now() - startMs, 300, everyMs)
  expect(zone.stats()).toMatchObject({ expired: 1, active: 0 })
})
