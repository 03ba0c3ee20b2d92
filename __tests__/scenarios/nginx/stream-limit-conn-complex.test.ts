import net from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { byIp, limitServer, Zone } from '../../../lib/index.ts'
import { serve } from '../../helpers/server.ts'
import { greeting, isLetIn, type Greeting } from '../../helpers/greeting.ts'
import { ok } from '../../helpers/told.ts'

// What nginx-tests checks in stream_limit_conn_complex.t, told anew: a key of several variables, or of another one than
// the address. Where we differ on purpose the comment says what nginx does, as seen on nginx 1.22.1.

/** Two servers with a limit of one under one key, on one zone. */
async function twoServers(key: string): Promise<{ zone: Zone; one: Greeting; other: Greeting }> {
  const zone = new Zone({ name: 'conn' })
  const guardOf = (server: net.Server) => limitServer(server, { limit: 1, zone, key, logLevel: false })
  return { zone, one: await greeting(guardOf), other: await greeting(guardOf) }
}

describe('$binary_remote_addr$server_port', () => {
  it('rejects the same key, and passes a different one: the other port, the other client', async () => {
    const { zone, one, other } = await twoServers('$binary_remote_addr$server_port')
    expect([await isLetIn(one), await isLetIn(one)]).toEqual([true, false])
    expect([await isLetIn(other), await isLetIn(other)]).toEqual([true, false])
    expect([await isLetIn(one, '127.0.0.2'), await isLetIn(one, '127.0.0.2')]).toEqual([true, false])
    expect(zone.stats()).toMatchObject({ passed: 3, rejected: 3, keys: 3 })
  })

  it('is read as the two values, each with its end', async () => {
    const { zone, one } = await twoServers('$binary_remote_addr$server_port')
    await isLetIn(one)
    expect(zone.count({ text: `127.0.0.1\0${one.port}\0` })).toBe(1)
    expect(zone.count('127.0.0.1')).toBe(0)
  })
})

it('$server_port: all clients of a port are one', async () => {
  const { one, other } = await twoServers('$server_port')
  expect([await isLetIn(one), await isLetIn(one, '127.0.0.2')]).toEqual([true, false])
  expect(await isLetIn(other, '127.0.0.2')).toBe(true)
})

it('$server_addr: all clients of an address are one, whatever the port', async () => {
  const { one, other } = await twoServers('$server_addr')
  expect([await isLetIn(one), await isLetIn(other, '127.0.0.2')]).toEqual([true, false])
})

it('$remote_port: each connection is another client, so nobody is limited', async () => {
  const { one } = await twoServers('$remote_port')
  expect([await isLetIn(one), await isLetIn(one), await isLetIn(one)]).toEqual([true, true, true])
})

it.each(['$binary_remote_addr', '$remote_addr'])('%s alone is the address, as byIp tells it', async (key) => {
  const { zone, one } = await twoServers(key)
  const byAddress = await greeting((server) =>
    limitServer(server, { limit: 1, zone, key: byIp(), logLevel: false }),
  )
  await isLetIn(one)
  expect(zone.count('127.0.0.1')).toBe(1)
  expect(await isLetIn(byAddress)).toBe(false)
})

describe('an empty key', () => {
  /** A server whose connections are not counted, so that the guard has nothing to come even with. */
  async function uncounted(key: string) {
    const server = await serve(ok, { policies: [] })
    return { server, guard: limitServer(server.server, { limit: 1, key, logLevel: false }) }
  }

  it('is not accounted', async () => {
    const { server, guard } = await uncounted('$proxy_protocol_addr')
    for (const n of [1, 2, 3]) expect(await (await server.get(`/${n}`)).answer()).toBe(200)
    expect(guard.zones[0]!.stats()).toMatchObject({ passed: 0, rejected: 0, skipped: 3, active: 0 })
  })

  // In nginx the text alone makes a key: all its clients share it.
  it('is also that of a template with text, if all its variables are empty', async () => {
    const { server, guard } = await uncounted('from:$proxy_protocol_addr')
    for (const n of [1, 2]) expect(await (await server.get(`/${n}`)).answer()).toBe(200)
    expect(guard.zones[0]!.stats()).toMatchObject({ passed: 0, skipped: 2 })
  })
})

describe('a variable that is not known at accept', () => {
  // nginx does not start then either: unknown "http_x_key" variable.
  it.each(['$http_x_key', '$binary_remote_addr$host', '$request_uri'])('%s is of the request', (key) => {
    expect(() => limitServer(net.createServer(), { limit: 1, key })).toThrow(
      / comes with a request, and is a key for limitConn$/,
    )
  })

  // nginx starts, looks at limits before the handshake, finds the name empty, and limits nobody.
  it.each(['$ssl_server_name', '$binary_remote_addr$scheme'])('%s is of the TLS handshake', (key) => {
    expect(() => limitServer(net.createServer(), { limit: 1, key })).toThrow(
      / comes with TLS, and is a key for limitConn$/,
    )
  })
})
