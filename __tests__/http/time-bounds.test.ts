import { once } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { limitConn, limitUpgrade, type LimitConnOptions } from '../../lib/index.ts'
import { expectInTime, untilSpent } from '../helpers/bounds.ts'
import { connect2 } from '../helpers/client2.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { kinds, serve2 } from '../helpers/http2.ts'
import { destroyAfter, listen, serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'
import { makeServer, upgrading } from '../helpers/upgrades.ts'

const everyMs = 50
const sweep = { everyMs }

async function bounded(options: Partial<LimitConnOptions>) {
  const held = new Held()
  const policy = limitConn({ limit: 5, logLevel: false, sweep, ...options })
  const server = await serve(bare([policy], held.handler), { policies: [policy] })
  return { held, policy, server, zone: policy.zones[0]! }
}

describe('limitConn', () => {
  it('closes a keep-alive connection that was silent for maxIdleMs', async () => {
    const { held, server, zone } = await bounded({ maxIdleMs: 300 })
    const client = await server.get()
    await held.arrived(1)
    await untilSpent(500, 40, () => held.waiting[0]!.res.write('x'))
    expect(client.isClosed).toBe(false)
    held.release()
    await until('it is answered', () => client.received.endsWith('0\r\n\r\n'))
    const startMs = performance.now()
    await client.closed()
    expectInTime(performance.now() - startMs, 300, everyMs)
    expect(zone.stats()).toMatchObject({ idled: 1, expired: 0, active: 0 })
  })

  it('A-12: ends after maxLifetimeMs an event stream that never ends', async () => {
    const causes: string[] = []
    const { held, server, zone } = await bounded({
      maxLifetimeMs: 400,
      maxIdleMs: 300,
      onEvict: (socket, cause) => {
        causes.push(cause)
        socket.end()
      },
    })
    const startMs = performance.now()
    const client = await server.get()
    await held.arrived(1)
    const { res } = held.waiting[0]!
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const events = setInterval(() => res.write('data: x\n\n'), 20)
    await client.closed()
    clearInterval(events)
    expectInTime(performance.now() - startMs, 400, everyMs)
    await until('the handler is told', () => res.closed)
    expect(causes).toEqual(['expired'])
    expect(zone.stats()).toMatchObject({ expired: 1, idled: 0, active: 0 })
  })

  it('counts a lifetime from when it was let in, through all its requests', async () => {
    const { held, server, zone } = await bounded({ maxLifetimeMs: 400 })
    const client = await server.connect()
    const startMs = performance.now()
    while (!client.isClosed) {
      client.get()
      await until('it is held, or closed', () => held.waiting.length > 0 || client.isClosed)
      held.release()
      const n = client.statuses.length
      await until('it is answered, or closed', () => client.statuses.length > n || client.isClosed)
    }
    expectInTime(performance.now() - startMs, 400, everyMs)
    expect(zone.stats()).toMatchObject({ passed: 1, expired: 1, active: 0 })
  })

  it('a request that is counted by itself is ended with its connection', async () => {
    const { held, server, zone } = await bounded({ count: 'requests', maxLifetimeMs: 300 })
    const client = await server.get()
    await held.arrived(1)
    const startMs = performance.now()
    await client.closed()
    expectInTime(performance.now() - startMs, 300, everyMs)
    expect(zone.stats()).toMatchObject({ expired: 1, active: 0 })
  })

  it('where requests are counted an idle connection is nobody, and stays', async () => {
    const { held, server, zone } = await bounded({ count: 'requests', maxLifetimeMs: 60, maxIdleMs: 60 })
    const client = await server.get()
    await held.arrived(1)
    held.release()
    await client.answer()
    await untilSpent(300, 50, () => undefined)
    expect([client.isClosed, zone.stats().idled + zone.stats().expired]).toEqual([false, 0])
  })
})

describe.each(kinds)('limitConn over HTTP/2, %s', (_kind, tls) => {
  it('closes a session after maxLifetimeMs', async () => {
    const { held, server, policy } = await serve2({ maxLifetimeMs: 300, sweep }, tls)
    const session = await connect2(server)
    const startMs = performance.now()
    const stream = session.get()
    await held.arrived(1)
    await session.closed()
    expectInTime(performance.now() - startMs, 300, everyMs)
    expect(stream.isClosed).toBe(true)
    expect(policy.zones[0]!.stats()).toMatchObject({ expired: 1, active: 0 })
  })

  it('resets each stream that is counted by itself, and lets the session be', async () => {
    const options = { count: 'requests', limit: 2, maxLifetimeMs: 400, sweep } as const
    const { held, server, policy } = await serve2(options, tls)
    const session = await connect2(server)
    const first = session.get()
    await held.arrived(1)
    await untilSpent(250, 50, () => undefined)
    const second = session.get()
    await first.closed()
    expect([first.stream.rstCode, second.isClosed, session.isClosed]).toEqual([8, false, false])
    await second.closed()
    expect(session.isClosed).toBe(false)
    expect(policy.zones[0]!.stats()).toMatchObject({ expired: 2, active: 0 })
    expect(held.runs).toBe(2)
  })
})

describe.each([false, true])('limitUpgrade, TLS %s', (tls) => {
  it('closes what was silent for maxIdleMs', async () => {
    const { ask, zone } = await upgrading({ maxIdleMs: 300, sweep }, { tls })
    const client = await ask()
    await client.answer()
    const startMs = performance.now()
    await client.closed()
    expectInTime(performance.now() - startMs, 300, everyMs)
    expect(zone.stats()).toMatchObject({ idled: 1, active: 0 })
  })

  it('a chatty WebSocket lives on under maxIdleMs, until maxLifetimeMs, and is told', async () => {
    const wss = new WebSocketServer({ noServer: true })
    const causes: string[] = []
    wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)))
    const policy = limitUpgrade(
      {
        limit: 1,
        logLevel: false,
        sweep,
        maxIdleMs: 300,
        maxLifetimeMs: 900,
        onEvict: (_, cause) => {
          causes.push(cause)
          for (const ws of wss.clients) ws.close(1_001, cause)
        },
      },
      (req, socket, head) => wss.handleUpgrade(req, socket, head, (ws) => wss.emit('connection', ws, req)),
    )
    const server = makeServer(tls).on('upgrade', policy)
    const { url } = await listen(server, { policies: [policy], tls })
    const ws = new WebSocket(url.replace('http', 'ws'), { rejectUnauthorized: false })
    destroyAfter({ destroy: () => ws.terminate() })
    await once(ws, 'open')
    const startMs = performance.now()
    const chat = setInterval(() => ws.send('x'), 30)
    const [code, reason] = (await once(ws, 'close')) as [number, Buffer]
    clearInterval(chat)

    expectInTime(performance.now() - startMs, 900, everyMs)
    expect([code, String(reason), causes]).toEqual([1_001, 'expired', ['expired']])
    expect(policy.zones[0]!.stats()).toMatchObject({ expired: 1, idled: 0, active: 0 })
  })
})
