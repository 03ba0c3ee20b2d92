import { readdirSync } from 'node:fs'
import http2 from 'node:http2'
import { describe, expect, it } from '@jest/globals'
import { limitServer } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { frame, getRoot, hello } from '../helpers/frames.ts'
import { say } from '../helpers/say.ts'
import { listen, readTls, type Served } from '../helpers/server.ts'
import { elapse, until } from '../helpers/until.ts'

const total = 1_000
const wave = 50
/** Node itself gives ten seconds to a client whose protocol it does not know; and one to be seen. */
const withinMs = 11_000

/** What the nth client is and does. */
interface Kind {
  readonly options?: (n: number) => object
  readonly act: (client: Client, n: number) => unknown
}

const h2 = { ALPNProtocols: ['h2'] }
const goaway = frame('goaway', 0, 0, Buffer.alloc(8))

/** Makes a window larger than it may be. RFC 9113 section 6.9.1. */
const tooLarge = (stream: number): Buffer =>
  frame('windowUpdate', 0, stream, Buffer.from([0x7f, 0xff, 0xff, 0xff]))

const kinds: Record<string, Kind> = {
  'do not say that they speak HTTP/2; half of them stay': {
    options: (n) => ({ allowHalfOpen: n % 2 === 0 }),
    act: () => undefined,
  },
  'send GOAWAY and vanish': {
    options: () => h2,
    async act(client) {
      client.socket.write(Buffer.concat([hello(), getRoot(1), goaway]))
      await until('it is answered', () => client.received !== '')
      client.destroy()
    },
  },
  'make too large a window, of the connection or of a stream': {
    options: () => h2,
    act: (client, n) => client.socket.write(Buffer.concat([hello(), getRoot(1), tooLarge(n % 2)])),
  },
}

describe.each([
  ['http2 secure', true],
  ['h2c', false],
])('A-22: %s', (_, tls) => {
  const names = Object.keys(kinds).filter((name) => tls || !name.includes('do not say'))

  it.each(names)(`F53, F54: the descriptors of ${total} clients come back that %s`, async (name) => {
    const { guard, served } = await serveOnly2(tls)
    const before = descriptors()
    const clients = await visitAll(served, kinds[name]!)
    const start = performance.now()
    const open = (): number => clients.filter(({ isClosed }) => !isClosed).length

    while (guard.watched > 0 || descriptors() - open() > before + 2) {
      if (performance.now() - start > withinMs) break
      await elapse(20)
    }
    say(`${name}: ${Math.round(performance.now() - start)} ms, ${open()} clients stay`)
    expect(guard.zones[0]!.stats()).toMatchObject({ passed: total, active: 0 })
    expect(guard.watched).toBe(0)
    expect(descriptors() - open()).toBeLessThanOrEqual(before + 2)
  })
})

/** A server that speaks HTTP/2 only, and answers with a body that does not end. */
async function serveOnly2(tls: boolean) {
  const server = tls
    ? http2.createSecureServer({ key: readTls('key.pem'), cert: readTls('cert.pem') })
    : http2.createServer()
  server.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.on('error', () => undefined)
    stream.respond()
    stream.write('hello')
  })
  server.on('sessionError', () => undefined)

  const guard = limitServer(server, { limit: total, logLevel: false, warnings: false })
  return { guard, served: await listen(server, { policies: [guard], guard, tls }) }
}

/** Lets all clients do what they do, in waves, and waits until the guard has met them all. */
async function visitAll({ connect }: Served, { options = () => ({}), act }: Kind): Promise<Client[]> {
  const clients: Client[] = []
  while (clients.length < total) {
    const some = await Promise.all(
      Array.from({ length: wave }, (_, n) => connect(options(clients.length + n))),
    )
    await Promise.all(some.map((client, n) => act(client, clients.length + n)))
    clients.push(...some)
  }
  return clients
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}
