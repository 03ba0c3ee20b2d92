import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { limitConn } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'
import { elapse, until } from '../helpers/until.ts'

const fast = { everyMs: 50, graceMs: 100 }

it('N7: what is pipelined behind a request whose handler destroys the socket does not run', async () => {
  const policy = limitConn({ limit: 5, logLevel: false })
  let runs = 0
  const server = await serve(
    bare([policy], (req) => {
      runs++
      req.socket.destroy()
    }),
    { policies: [policy] },
  )
  const client = await server.connect()
  client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(3))
  await client.closed()

  expect(runs).toBe(1)
})

describe.each([false, true])('TLS %s', (tls) => {
  it('N47: 500 clients reset 0 to 5 ms after their request, and five can be held again, never more', async () => {
    const policy = limitConn({ limit: 5, logLevel: false, sweep: fast })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy], tls })
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          const client = await server.get()
          await elapse(Math.random() * 5)
          client.reset()
        }),
      )
    }
    await until('all slots are given back', () => policy.zones[0]!.stats().active === 0)
    held.waiting.length = 0
    await Promise.all(Array.from({ length: 5 }, () => server.get()))
    await held.arrived(5)
    expect(await (await server.get()).answer()).toBe(503)
    expect(policy.zones[0]!.stats().peak).toBe(5)
  })

  it('N49: the address is known though the client left while it was waited for', async () => {
    const policy = limitConn({
      limit: 5,
      key: async (req: express.Request) => (await elapse(10), String(req.ip)),
      logLevel: false,
      sweep: fast,
    })
    const left: boolean[] = []
    const app = express().use((req, _res, next) => {
      req.socket.on('close', () => left.push(true))
      next()
    })
    const server = await serve(app.use(policy), { policies: [policy], tls })
    const clients = await Promise.all(Array.from({ length: 50 }, () => server.get()))
    for (const client of clients) client.reset()
    await until('all have left', () => left.length > 0)
    await elapse(50)

    expect(policy.zones[0]!.top(10).map(({ key }) => key)).not.toContain('undefined')
  })

  it('N50: 20 refused clients that never read and never close hold no socket a second later', async () => {
    const policy = limitConn({ limit: 1, logLevel: false })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy], tls })
    await server.get()
    await held.arrived(1)
    const before = server.sockets.size

    for (let n = 0; n < 20; n++) {
      const client = await server.connect({ allowHalfOpen: true })
      client.socket.pause()
      client.get()
    }
    await until('all were refused', () => policy.zones[0]!.stats().rejected === 20)
    await until('their sockets are closed', () => server.sockets.size === before, 1_000)
    expect(held.runs).toBe(1)
  })
})
