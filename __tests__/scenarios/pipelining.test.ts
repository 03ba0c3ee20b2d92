import { describe, expect, it } from '@jest/globals'
import { byHeader, limitConn } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const asks = (n: number): string => 'GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(n)

describe.each([
  { count: 'connections', tls: false },
  { count: 'requests', tls: false },
  { count: 'connections', tls: true },
] as const)('pipelining, counting $count, TLS $tls', ({ count, tls }) => {
  it('A-20, N51: 5,000 requests unanswered and a reset leave nothing, and five can be held again', async () => {
    const policy = limitConn({ limit: count === 'requests' ? 5_000 : 5, count, logLevel: false })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy], tls })

    const client = await server.connect()
    client.write(asks(5_000))
    await held.arrived(5_000)
    expect(policy.zones[0]!.stats().active).toBe(count === 'requests' ? 5_000 : 1)
    client.reset()
    await until('all slots are given back', () => policy.zones[0]!.stats().active === 0)

    policy.setConfig({ limit: 5 })
    held.waiting.length = 0
    await Promise.all(Array.from({ length: 5 }, () => server.get()))
    await held.arrived(5)
    expect(await (await server.get()).answer()).toBe(503)
  })

  it('A-20: 5,000 requests that are answered, and a reset in the middle', async () => {
    const policy = limitConn({ limit: 5_000, count, logLevel: false })
    const server = await serve(
      bare([policy], (_req, res) => res.end('x')),
      { policies: [policy], tls },
    )
    const client = await server.connect()
    client.write(asks(5_000))
    await client.answer(1)
    client.reset()
    await until('all slots are given back', () => policy.zones[0]!.stats().active === 0)
  })

  it('N51: a reset after 20 x 300 pipelined requests does not lock the address out', async () => {
    const policy = limitConn({ limit: count === 'requests' ? 6_000 : 20, count, logLevel: false })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy], tls })

    const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
    for (const client of clients) client.write(asks(300))
    await held.arrived(6_000)
    for (const client of clients) client.reset()
    await until('all slots are given back', () => policy.zones[0]!.stats().active === 0)
  })
})

it('A-20: no handler runs after a refusal among 5,000 pipelined requests', async () => {
  const policy = limitConn({ limit: 1, logLevel: false })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy] })
  await server.get()
  await held.arrived(1)

  const client = await server.connect()
  client.write(asks(5_000))
  expect(await client.answer()).toBe(503)
  await client.closed()
  expect(held.runs).toBe(1)
})

describe('keys that change on one connection', () => {
  const byKey = { key: byHeader('x-key'), logLevel: false } as const
  const ask = (key: string): string => `GET / HTTP/1.1\r\nHost: test\r\nx-key: ${key}\r\n\r\n`

  it('five connections that hold X and pipeline a decoy do not let a sixth hold X', async () => {
    const policy = limitConn({ limit: 5, ...byKey })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    const [zone] = policy.zones

    const clients = await Promise.all(Array.from({ length: 5 }, () => server.connect()))
    clients.forEach((client, i) => client.write(ask('X') + ask(`decoy-${i}`)))
    await held.arrived(10)
    expect(zone!.count('X')).toBe(5)

    const sixth = await server.connect()
    sixth.write(ask('X'))
    expect(await sixth.answer()).toBe(503)

    held.release()
    await Promise.all(clients.map((client) => client.answer(2)))
    await until('X is given back', () => zone!.count('X') === 0)
    expect(zone!.stats().active).toBe(5)
  })

  it('F38: a key that changes on an idle connection moves its slot: one connection, one slot', async () => {
    const policy = limitConn({ limit: 1, ...byKey })
    const server = await serve(
      bare([policy], (_req, res) => res.end()),
      { policies: [policy] },
    )
    const client = await server.connect()
    for (const [n, key] of ['a', 'b', 'a', 'c'].entries()) {
      client.write(ask(key))
      expect(await client.answer(n + 1)).toBe(200)
      expect(policy.zones[0]!.count(key)).toBe(1)
      expect(policy.zones[0]!.stats().active).toBe(1)
    }
  })

  it('a move that is refused keeps the old slot until the connection has gone', async () => {
    const policy = limitConn({ limit: 1, ...byKey })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    const first = await server.connect()
    first.write(ask('a'))
    const second = await server.connect()
    second.write(ask('b'))
    await held.arrived(2)

    second.write(ask('a'))
    await until('it was refused', () => policy.zones[0]!.stats().rejected === 1)
    expect(policy.zones[0]!.count('b')).toBe(1)
    held.release()
    expect(await second.answer(2)).toBe(503)
    await second.closed()
    await until('b is given back', () => policy.zones[0]!.count('b') === 0)
  })

  it('holds at most maxKeysPerConnection slots; a request beyond is rejected', async () => {
    const policy = limitConn({ limit: 10, maxKeysPerConnection: 3, ...byKey })
    const held = new Held()
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    const client = await server.connect()
    client.write(ask('1') + ask('2') + ask('3') + ask('4') + ask('5'))
    await until('one was refused', () => policy.zones[0]!.stats().rejected === 1)

    expect(held.runs).toBe(3)
    expect(policy.zones[0]!.stats().active).toBe(3)
  })
})
