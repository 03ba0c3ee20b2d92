import { describe, expect, it } from '@jest/globals'
import { limitConn, type LimitConnOptions } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve, type Served } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

/** Rows of the table of what Node does when a connection ends; the ids are the table's. */
describe.each([false, true])('the ways a connection ends, TLS %s', (tls) => {
  async function start(options: Partial<LimitConnOptions> = {}) {
    const policy = limitConn({ limit: 5, logLevel: false, ...options })
    const held = new Held()
    const server: Served = await serve(bare([policy], held.handler), { policies: [policy], tls })
    const count = (): number => policy.zones[0]!.stats().active
    return { policy, held, server, count }
  }

  it('N1: two requests on one connection are one lease, and none when it closes', async () => {
    const { held, server, count } = await start()
    const client = await server.get()
    await held.arrived(1)
    held.release()
    await client.answer(1)
    client.get()
    await held.arrived(1)
    expect(count()).toBe(1)

    held.release()
    await client.answer(2)
    expect(count()).toBe(1)
    client.socket.end()
    await until('the lease is given back', () => count() === 0)
  })

  it('N2: a reset in the middle of the response gives the slot back once', async () => {
    const { held, server, count } = await start()
    const clients = await Promise.all(Array.from({ length: 5 }, () => server.get()))
    await held.arrived(5)
    for (const { res } of held.waiting) res.write('half of it')
    for (const client of clients) client.reset()

    await until('all slots are given back', () => count() === 0)
    await Promise.all(Array.from({ length: 5 }, () => server.get()))
    await until('five can be held again', () => count() === 5)
  })

  it('N3: a FIN while the handler works frees the slot: the limit bounds connections, not work', async () => {
    const { held, server, count } = await start()
    const client = await server.get()
    await held.arrived(1)
    client.socket.end()

    await until('the slot is given back', () => count() === 0)
    expect(held.waiting).toHaveLength(1)
  })

  it.each(['connections', 'requests'] as const)(
    'N4: a body that was read does not end the slot, counting %s',
    async (count) => {
      const started = await start({ limit: 1, count })
      const client = await started.server.connect()
      client.write('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody')
      await started.held.arrived(1)
      const { req } = started.held.waiting[0]!
      await new Promise((resolve) => req.resume().on('close', resolve))

      expect(started.count()).toBe(1)
      expect(await (await started.server.get()).answer()).toBe(503)
    },
  )

  it.each(['connections', 'requests'] as const)(
    'N5: pipelined requests and a reset leave nothing, counting %s',
    async (count) => {
      const started = await start({ limit: 3, count })
      const client = await started.server.connect()
      client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(3))
      await started.held.arrived(3)
      expect(started.count()).toBe(count === 'requests' ? 3 : 1)

      client.reset()
      await until('all slots are given back', () => started.count() === 0)
    },
  )

  it('N6, N7, N8: after a refusal no request behind it runs, and the connection is closed', async () => {
    const { held, server } = await start({ limit: 1 })
    await server.get('/first')
    await held.arrived(1)
    const client = await server.connect()
    client.write('GET /refused HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(4))

    expect(await client.answer()).toBe(503)
    await client.closed()
    expect(client.statuses).toEqual([503])
    expect(client.received).toContain('Connection: close')
    expect(held.runs).toBe(1)
  })

  it('N9: an unfinished upload of a half-open client is refused, answered and closed', async () => {
    const { held, server } = await start({ limit: 1 })
    await server.get()
    await held.arrived(1)
    const client = await server.connect({ allowHalfOpen: true })
    client.write('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\nsome of it')

    expect(await client.answer()).toBe(503)
    await until('the server has closed', () => server.sockets.size === (tls ? 2 : 1))
  })

  it('N20, F13: the key is kept from when it was counted, for the address is gone at the end', async () => {
    const { policy, held, server, count } = await start()
    await server.get()
    await held.arrived(1)
    const [record] = policy.zones[0]!.top(1)
    for (const socket of server.sockets) socket.destroy()

    await until('the slot is given back', () => count() === 0)
    const { oldestMs, ...kept } = record!
    expect(oldestMs).toBeGreaterThanOrEqual(0)
    expect(policy.zones[0]!.top(1)).toEqual([{ ...kept, active: 0, idleSinceMs: expect.any(Number) }])
  })

  it('N22: a response that finished before the limiter was asked is not counted', async () => {
    const policy = limitConn({ limit: 1, logLevel: false, count: 'requests' })
    let passed = 0
    const server = await serve(
      (req, res) => res.end('early').on('close', () => policy(req, res, () => passed++)),
      { policies: [policy], tls },
    )
    const client = await server.get()
    await client.answer(1)
    client.get()
    await client.answer(2)

    expect(passed).toBe(0)
    expect(policy.zones[0]!.stats()).toMatchObject({ passed: 0, active: 0 })
    expect(client.isClosed).toBe(false)
  })
})
