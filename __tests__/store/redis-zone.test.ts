import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import http from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { limitConn, Limiter, limitServer, Zone, type Decision } from '../../lib/index.ts'
import { RedisZone } from '../../lib/redis.ts'
import { clientKinds } from '../helpers/redis/clients.ts'
import { writtenIn } from '../helpers/redis/cells.ts'
import { Wire, zoneName, zoneOf } from '../helpers/redis/wire.ts'
import { took } from '../helpers/faults/stage.ts'
import { Held } from '../helpers/held.ts'
import { listen, serve } from '../helpers/server.ts'
import { tcp } from '../helpers/tcp.ts'
import { until } from '../helpers/until.ts'

/** Ends as a socket does. */
class Line extends EventEmitter {
  destroyed = false

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

const cellsOf = async (zone: string): Promise<number> =>
  (await writtenIn([process.env['REDIS_URL']!], zone)).cells.length

describe.each(clientKinds)('processes that share a zone by %s', (kind) => {
  it('have one limit for middleware', async () => {
    const name = zoneName()
    const [here, there] = [await zoneOf(kind, { name }), await zoneOf(kind, { name })]
    const held = new Held()
    const servers = await Promise.all(
      [here, there].map(async (zone) => {
        const policy = limitConn({ zone, limit: 2, logLevel: false })
        return serve((req, res) => policy(req, res, () => held.handler(req, res)), { policies: [policy] })
      }),
    )
    const first = await servers[0]!.get()
    await servers[1]!.get()
    await held.arrived(2)
    expect([here.count('127.0.0.1'), there.count('127.0.0.1')]).toEqual([1, 1])
    expect([await here.countAll('127.0.0.1'), await there.countAll('127.0.0.1')]).toEqual([2, 2])

    const refused = await servers[1]!.get()
    expect(await refused.answer()).toBe(503)
    first.destroy()
    await took('a slot is free there', async () => (await there.countAll('127.0.0.1')) === 1)
    await servers[1]!.get()
    await held.arrived(3)
    held.release()
  })

  it('have one limit for guards', async () => {
    const name = zoneName()
    const zones = [await zoneOf(kind, { name }), await zoneOf(kind, { name })]
    const [one, two] = await Promise.all(
      zones.map(async (zone) => {
        const server = http.createServer()
        const guard = limitServer(server, { zone, limit: 1, logLevel: false })
        return listen(server, { policies: [guard], guard })
      }),
    )
    const first = tcp(one!.port)
    await until('it is counted', () => zones[0]!.count('127.0.0.1') === 1)
    const second = tcp(two!.port)
    await until('it is closed', () => second.destroyed)
    first.destroy()
    await took('all is given back', async () => (await cellsOf(name)) === 0)
  })

  it('let no more in than the limit, whoever asks first', async () => {
    const name = zoneName()
    const zones = [await zoneOf(kind, { name }), await zoneOf(kind, { name }), await zoneOf(kind, { name })]
    const limiters = zones.map((zone) => new Limiter({ zone, limit: 10, key: () => 'one' }))
    const lines = Array.from({ length: 300 }, () => new Line())
    const decisions = await Promise.all(lines.map((line, index) => limiters[index % 3]!.accept(line)))

    expect(decisions.filter(({ passed }) => passed)).toHaveLength(10)
    expect(await zones[0]!.countAll({ text: 'one' })).toBe(10)
    for (const line of lines) line.destroy()
    await took('nothing is left in Redis', async () => (await cellsOf(name)) === 0)
  })
})

describe('a shared zone', () => {
  it('answers with a Promise, typed so', async () => {
    const zone = await zoneOf('ioredis', { name: zoneName() })
    const limiter = new Limiter({ zone, limit: 1, key: () => 'one' })
    const line = new Line()
    const answer: Promise<Decision> = limiter.accept(line)
    expect(answer).toBeInstanceOf(Promise)

    const { lease, ...decision } = await answer
    expect(decision).toEqual({ status: 'PASSED', passed: true, zone: zone.name, limit: 1, active: 1 })
    lease!.release()
    expect(limiter.numOpen({ text: 'one' })).toBe(0)
    line.destroy()
  })

  it('is asked after the limits of this process, and not at all where they refuse', async () => {
    const wire = await Wire.open()
    const zone = await zoneOf('ioredis', { name: zoneName(), client: wire })
    const local = new Zone({ name: 'local' })
    const key = (): string => 'one'
    const limiter = new Limiter({
      limits: [
        { zone, limit: 5, key },
        { zone: local, limit: 1, key },
      ],
    })
    const [first, second] = [new Line(), new Line()]
    expect(await limiter.accept(first)).toMatchObject({ status: 'PASSED' })
    const asked = wire.asked

    expect(await limiter.accept(second)).toMatchObject({ status: 'REJECTED', zone: 'local' })
    expect(wire.asked).toBe(asked)
    expect([zone.stats().rejected, local.stats().rejected]).toEqual([0, 1])
    first.destroy()
  })

  it('that refuses gives back what another has granted', async () => {
    const names = [zoneName(), zoneName()] as const
    const [wide, narrow] = [
      await zoneOf('ioredis', { name: names[0] }),
      await zoneOf('ioredis', { name: names[1] }),
    ]
    const other = await zoneOf('ioredis', { name: names[1] })
    const key = (): string => 'one'
    const [holding, line] = [new Line(), new Line()]
    await new Limiter({ zone: other, limit: 1, key }).accept(holding)
    const limiter = new Limiter({
      limits: [
        { zone: wide, limit: 5, key },
        { zone: narrow, limit: 1, key },
      ],
    })

    expect(await limiter.accept(line)).toMatchObject({ status: 'REJECTED', zone: narrow.name, active: 1 })
    expect(wide.count({ text: 'one' })).toBe(0)
    await took('it is given back in Redis', async () => (await cellsOf(names[0])) === 0)
    holding.destroy()
  })

  it('takes a slot above the limit in a dry run', async () => {
    const name = zoneName()
    const [here, there] = [await zoneOf('ioredis', { name }), await zoneOf('node-redis', { name })]
    const lines = [new Line(), new Line()]
    const options = { limit: 1, key: () => 'one', dryRun: true }
    expect(await new Limiter({ ...options, zone: here }).accept(lines[0]!)).toMatchObject({
      status: 'PASSED',
    })
    expect(await new Limiter({ ...options, zone: there }).accept(lines[1]!)).toMatchObject({
      status: 'REJECTED_DRY_RUN',
      active: 2,
    })
    expect(await here.countAll({ text: 'one' })).toBe(2)
    for (const line of lines) line.destroy()
  })

  it('counts nobody who has left while it was asked', async () => {
    const wire = await Wire.open()
    const name = zoneName()
    const zone = await zoneOf('ioredis', { name, client: wire })
    const limiter = new Limiter({ zone, limit: 1, key: () => 'one' })
    await zone.countAll({ text: 'one' })
    let open = (): void => undefined
    wire.gate = new Promise<void>((resolve) => (open = resolve))
    const line = new Line()
    const answer = limiter.accept(line)
    line.destroy()
    open()

    expect(await answer).toEqual({ status: 'GONE', passed: false })
    expect(zone.stats()).toMatchObject({ active: 0, passed: 0, rejected: 0 })
    await took('nothing is left in Redis', async () => (await cellsOf(name)) === 0)
  })

  it('is given back by close, and decides by itself from then on', async () => {
    const name = zoneName()
    const zone = await zoneOf('ioredis', { name })
    const limiter = new Limiter({ zone, limit: 1, key: () => 'one' })
    const line = new Line()
    await limiter.accept(line)
    await zone.close()

    expect(await cellsOf(name)).toBe(0)
    expect(zone.count({ text: 'one' })).toBe(1)
    expect(await limiter.accept(new Line())).toMatchObject({ status: 'REJECTED' })
    await expect(zone.countAll('one')).rejects.toMatchObject({ code: 'ERR_LIMIT_CONN_STORE' })
    line.destroy()
  })

  it('keeps no key readable in Redis', async () => {
    const wire = await Wire.open()
    const zone = await zoneOf('ioredis', { name: zoneName(), client: wire })
    const line = new Line()
    await new Limiter({ zone, limit: 1, key: () => 'a {secret} key' }).accept(line)
    expect(JSON.stringify(wire.sent)).not.toContain('secret')
    line.destroy()
  })
})

describe('a store that is away', () => {
  const nowhere = { sendCommand: () => Promise.reject(new Error('connect ECONNREFUSED')) }

  it.each([
    ['local', 4, 3],
    ['reject', 4, 0],
    ['pass', 4, 10],
  ] as const)(
    'with onStoreError: %j lets each of %d processes have %d of 10',
    async (onStoreError, instances, n) => {
      const zone = new RedisZone({ name: zoneName(), client: { ...nowhere }, onStoreError, instances })
      const limiter = new Limiter({ zone, limit: 10, key: () => 'one' })
      const lines = Array.from({ length: 20 }, () => new Line())
      const decisions: Decision[] = []
      for (const line of lines) decisions.push(await limiter.accept(line))

      expect(decisions.filter(({ passed }) => passed)).toHaveLength(n)
      expect(decisions.filter(({ error }) => error)).toEqual([])
      for (const line of lines) line.destroy()
      expect(zone.stats().active).toBe(0)
      await zone.close()
    },
  )

  it('is told of once, and so is that it is back', async () => {
    const wire = await Wire.open()
    const name = zoneName()
    const told: unknown[] = []
    const tell = (event: unknown): void =>
      void ((event as { zone: string }).zone === name && told.push(event))
    subscribe('limit-conn:degraded', tell)
    wire.gate = Promise.reject(new Error('READONLY You cannot write'))
    wire.gate.catch(() => undefined)
    const zone = await zoneOf('ioredis', { name, client: wire })
    const lines: string[] = []
    const logger = { error: (line: string) => lines.push(line) }
    const policy = limitConn({ zone, limit: 10, key: () => 'one', logger, warnings: false })
    const { get } = await serve((req, res) => policy(req, res, () => res.end('in')), { policies: [policy] })

    for (let n = 0; n < 5; n++) expect(await (await get()).answer()).toBe(200)
    wire.gate = undefined
    await until('it is back', () => told.length === 2)
    unsubscribe('limit-conn:degraded', tell)
    expect(told).toEqual([
      { zone: name, degraded: true, reason: 'READONLY You cannot write' },
      { zone: name, degraded: false },
    ])
    expect(lines).toEqual([
      `ERR_LIMIT_CONN_STORE: zone '${name}' cannot ask the other processes (READONLY You cannot write): this process keeps to its share of the limits`,
      `zone "${name}" counts together with the others again`,
    ])
  })
})

describe('the options of a RedisZone', () => {
  const client = { sendCommand: () => Promise.reject(new Error('never')) }

  it.each([
    [{ client }, 'zone.name is undefined'],
    [{ name: 'a' }, 'zone.client is undefined; expected a client of ioredis or redis, or { sendCommand }'],
    [{ name: 'a', client: {} }, 'zone.client is {"Object":"..."}; expected'],
    [{ name: 'a', client, ttlMs: 1 }, 'zone.ttlMs is 1; expected a whole number of milliseconds'],
    [
      { name: 'a', client, ttlMs: 4_000 },
      'zone.syncMs is 5000; expected at most half of ttlMs, which is 4000',
    ],
    [
      { name: 'a', client, onStoreError: 'allow' },
      'zone.onStoreError is "allow"; expected "local", "reject" or "pass"',
    ],
    [{ name: 'a', client, instances: 0 }, 'zone.instances is 0; expected a whole number'],
    [{ name: 'a', client, tllMs: 5 }, 'zone.tllMs is not an option; did you mean ttlMs?'],
  ])('are checked: %j', (options, message) => {
    expect(() => new RedisZone(options as never)).toThrow(message)
  })

  it('name one zone of a client', async () => {
    const zone = new RedisZone({ name: 'twice', client })
    expect(() => new RedisZone({ name: 'twice', client })).toThrow(
      expect.objectContaining({ code: 'ERR_LIMIT_CONN_DUPLICATE_NAME', option: 'zone.name' }),
    )
    await zone.close()
    await new RedisZone({ name: 'twice', client }).close()
  })

  it('do not go with what needs to know when a slot is free elsewhere', async () => {
    const zone = await zoneOf('ioredis', { name: zoneName() })
    expect(() => limitConn({ zone, limit: 1, onLimit: 'evict-oldest' })).toThrow(
      'options.onLimit is "evict-oldest"; expected "reject" in a shared zone',
    )
    expect(() => limitConn({ zone, limit: 1, queue: { max: 1 } })).toThrow('options.queue is')
  })
})
