import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import net, { type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { byIp, limitServer, type LimitServerOptions } from '../../lib/index.ts'
import { closedByServer } from '../helpers/tcp.ts'
import { guarded, makeServer } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { destroyAfter } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const kinds = ['net', 'tls', 'http', 'https', 'http2', 'http2 secure'] as const
const listening: Server[] = []

afterEach(async () => {
  for (const server of listening.splice(0)) await new Promise((resolve) => server.close(resolve))
})

/** The path of a Unix socket that nobody uses. */
const newPath = (): string => path.join(mkdtempSync(path.join(tmpdir(), 'limit-conn-')), 'socket')

function makeListening(kind: (typeof kinds)[number], where: string): Server {
  const server = makeServer(kind, new Held())
  listening.push(server)
  return server.listen(where)
}

function connectTo(where: string): net.Socket {
  const client = net.connect(where)
  client.on('error', () => undefined)
  destroyAfter(client)
  return client
}

const hint =
  "needs an address, and the server listens on a Unix socket; give another key, such as () => 'all'"
const needing: [string, LimitServerOptions][] = [
  ['options.key', { limit: 1 }],
  ['options.key', { limit: 1, key: byIp() }],
  ['options.key', { limit: 1, key: '$remote_addr' }],
  ['options.key', { limit: 1, key: '$server_port$binary_remote_addr' }],
  ['options.limits[1].key', { limits: [{ limit: 1, key: () => 'all' }, { limit: 1 }] }],
]

describe.each(kinds)('N33: on a Unix socket, %s', (kind) => {
  it('counts under a key that is given', async () => {
    const where = newPath()
    const { zone, sockets } = await guarded(kind, { limit: 1, key: () => 'all' }, { path: where })
    const client = connectTo(where)
    await until('it is counted', () => zone.count('all') === 1)
    await closedByServer(connectTo(where))
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })

    client.destroy()
    await until('the slot is given back', () => zone.stats().active === 0 && sockets.size === 0)
  })

  it.each(needing)('%s of %j: throws if the server listens', async (option, options) => {
    const server = makeListening(kind, newPath())
    await once(server, 'listening')
    const code = 'ERR_LIMIT_CONN_NO_ADDRESS'

    expect(() => limitServer(server, options)).toThrow(expect.objectContaining({ code, option }))
    expect(() => limitServer(server, options)).toThrow(`${option} ${hint}`)
    expect(Object.hasOwn(server, 'emit')).toBe(false)
  })

  it.each(needing)('%s of %j: an error of the server if it listens later', async (option, options) => {
    const where = newPath()
    const server = makeServer(kind, new Held())
    listening.push(server)
    const lines: string[] = []
    const guard = limitServer(server, { logger: { error: (line: string) => lines.push(line) }, ...options })
    const errors: unknown[] = []
    server.on('error', (error) => errors.push(error))
    let heard = 0
    server.on('connection', () => heard++)
    server.listen(where)
    await until('the error has come', () => errors.length > 0)

    const code = 'ERR_LIMIT_CONN_NO_ADDRESS'
    expect(errors).toEqual([expect.objectContaining({ code, option, message: `${option} ${hint}` })])
    // Whoever swallows it lets nobody in.
    await closedByServer(connectTo(where))
    expect(heard).toBe(0)
    expect(lines).toEqual([
      expect.stringMatching(/^ERR_LIMIT_CONN_NO_ADDRESS: .*give another key, such as \(\) => 'all'/),
    ])
    expect(guard.zones.map((zone) => zone.stats().passed)).toEqual(guard.zones.map(() => 0))
  })
})

it('N33: setConfig refuses a key that needs an address on a Unix socket', async () => {
  const { guard } = await guarded('net', { limit: 1, key: () => 'all' }, { path: newPath() })
  expect(() => guard.setConfig({ key: byIp() })).toThrow(`options.key ${hint}`)
})

it('N33: a server that listens on a port later is left alone', async () => {
  const { connect, zone } = await guarded('http', { limit: 1 })
  await connect()
  await until('it is counted', () => zone.count('127.0.0.1') === 1)
  expect(zone.stats().passed).toBe(1)
})
