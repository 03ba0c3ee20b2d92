import { describe, expect, it } from '@jest/globals'
import { limitConn } from '../../lib/index.ts'
import { answerAll, draining, drainKinds } from '../helpers/draining.ts'
import { fullyQueueing } from '../helpers/queueing.ts'
import { bare } from '../helpers/hosts.ts'
import { Held } from '../helpers/held.ts'
import { serve } from '../helpers/server.ts'
import { elapse, nextTurn, until } from '../helpers/until.ts'

const none = { idle: 0, ended: 0, cut: 0, upgraded: 0 }
const longMs = 60_000
const kinds = drainKinds.filter(({ kind }) => !kind.startsWith('http2'))
const size = 20_000_000

describe.each(kinds)('$layer on $kind', (kind) => {
  it('lets a slow reader have the whole of a long answer, and closes its connection then', async () => {
    const body = Buffer.alloc(size, 'x')
    const { connect, policy, held } = await draining(kind)
    const client = await connect()
    client.socket.pause()
    client.get()
    await held.arrived(1)
    answerAll(held, body)
    // Without server.close(): that of Node itself closes a connection on which an answer was ended, though not yet sent.
    const report = policy.drain(longMs)
    await elapse(150)
    expect(policy.zones[0]!.stats().active).toBe(1)

    client.socket.on('data', () => {
      client.socket.pause()
      setImmediate(() => client.socket.resume())
    })
    client.socket.resume()
    await until('the answer is whole', () => client.received.length > size, 20_000)
    await client.closed()
    expect(client.received.length - client.received.indexOf('\r\n\r\n') - 4).toBe(size)
    expect(await report).toEqual({ ...none, ended: 1 })
  })

  it('lets an upload that has begun come to its end, and be answered', async () => {
    let length = 0
    const { connect, shutDown } = await draining(kind, (req, res) => {
      req.on('data', (chunk: Buffer) => (length += chunk.length))
      req.on('end', () => res.end(`got ${length}`))
    })
    const client = await connect()
    client.write(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(100_000)}`)
    await until('half of it is there', () => length === 100_000)
    const report = shutDown(longMs)
    await elapse(150)
    client.write('x'.repeat(100_000))

    expect(await client.answer()).toBe(200)
    await client.closed()
    expect(client.received).toMatch(/\r\nConnection: close\r\n[^]*got 200000/)
    expect(await report).toEqual({ ...none, ended: 1 })
  })

  it('answers all that were pipelined before', async () => {
    const { connect, shutDown, held } = await draining(kind)
    const client = (await connect()).get('/1').get('/2').get('/3')
    await held.arrived(3)
    const report = shutDown(longMs)
    await elapse(150)
    while (held.waiting.length > 0) {
      held.answerFirst()
      await elapse(60)
    }
    expect(await client.answer(3)).toBe(200)
    await client.closed()
    expect(client.received.match(/^Connection: .*$/gm)).toEqual([
      'Connection: keep-alive',
      'Connection: keep-alive',
      'Connection: close',
    ])
    expect(await report).toEqual({ ...none, ended: 1 })
  })

  it('ends a connection whose answer had begun before, once that is done', async () => {
    const { connect, shutDown, held } = await draining(kind)
    const client = (await connect()).get()
    await held.arrived(1)
    held.waiting[0]!.res.write('begun,')
    await client.answer()
    const report = shutDown(longMs)
    await nextTurn()
    held.release(' done')
    await client.closed()
    expect(client.received).toMatch(/Connection: keep-alive[^]*begun,[^]* done[^]*\r\n0\r\n\r\n$/)
    expect(await report).toEqual({ ...none, ended: 1 })
  })
})

describe('limitConn that counts requests', () => {
  it('ends the connections of those in work with their answers; those that wait are refused', async () => {
    const { policy, held, server, lineUp, zone } = await fullyQueueing()
    const waiters = await lineUp(['/1', '/2'])
    server.server.close()
    const report = policy.drain(longMs)
    expect(await Promise.all(waiters.map((client) => client.status()))).toEqual([503, 503])
    expect(zone.stats()).toMatchObject({ waiting: 0, active: 1, rejected: 2 })

    const { socket } = held.waiting[0]!.req
    await elapse(100)
    held.release()
    expect(await report).toEqual({ ...none, ended: 1 })
    await until('its connection is closed', () => socket.destroyed)
  })

  it('cuts what is in work after the time', async () => {
    const policy = limitConn({ limit: 9, count: 'requests', logLevel: false })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    const client = await server.get()
    await held.arrived(1)
    expect(await policy.drain(80)).toEqual({ ...none, cut: 1 })
    await client.closed()
    expect(policy.zones[0]!.stats()).toMatchObject({ active: 0, drained: 1 })
  })
})

it.each([-1, 1.5, NaN, Infinity, 2 ** 31, '100', null, undefined])(
  'drain(%p) is rejected, and nothing happens',
  async (ms) => {
    const policy = limitConn({ limit: 9, count: 'requests', queue: { max: 9 }, logLevel: false })
    await expect(policy.drain(ms as number)).rejects.toMatchObject({
      code: 'ERR_LIMIT_CONN_INVALID_OPTION',
      option: 'drain ms',
    })
  },
)
