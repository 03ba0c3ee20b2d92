import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { Http2ServerRequest, Http2Stream } from 'node:http2'
import { Child } from '../helpers/child.ts'
import { connect2 } from '../helpers/client2.ts'
import { bare } from '../helpers/hosts.ts'
import { kinds } from '../helpers/http2.ts'
import { limitConn } from '../../lib/index.ts'
import { serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

/** Kicks all in the handler; answers with what the handler saw of its stream and session then. */
async function kickInHandler(count: 'connections' | 'requests', tls: boolean) {
  const policy = limitConn({ limit: 10, count, logLevel: false })
  const [zone] = policy.zones
  const streams: Http2Stream[] = []
  const seen: unknown[] = []
  const handler = bare([policy], (req) => {
    const { stream } = req as unknown as Http2ServerRequest
    streams.push(stream)
    seen.push(zone!.kick('127.0.0.1'), zone!.count('127.0.0.1'), stream.closed, stream.session!.destroyed)
  })
  const server = await serve(handler, { policies: [policy], tls, http2: true })
  const client = await connect2(server)
  const asked = client.get()
  await asked.closed()
  await until('it is over at the server', () => streams[0]!.destroyed)
  return { client, asked, seen }
}

// What closes a stream or a session while Node reads in it can end Node 22: the handler runs in the middle of that.
describe.each(kinds)('a handler that closes its own, %s', (_kind, tls) => {
  it('frees the slot at once, and its session is closed a turn later', async () => {
    const { client, seen } = await kickInHandler('connections', tls)
    expect(seen).toEqual([1, 0, false, false])
    await client.closed()
  })

  it('frees the slot at once, and its stream is reset a turn later', async () => {
    const { asked, seen } = await kickInHandler('requests', tls)
    expect(seen).toEqual([1, 0, false, false])
    expect(asked.stream.rstCode).toBe(8)
  })
})

it.each(['drain', 'trim'])(
  'handlers that %s many times do not end the process',
  async (way) => {
    const child = new Child([path.join(__dirname, '../helpers/closing-in-handlers.js'), way])
    expect(Number(await child.says(/closed (\d+)/))).toBeGreaterThan(10)
    expect(await child.exit()).toBe(0)
  },
  30_000,
)
