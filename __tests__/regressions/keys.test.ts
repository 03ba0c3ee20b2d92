import { describe, expect, it } from '@jest/globals'
import { byHeader, byIp, limitConn, Zone, type ZoneOptions } from '../../lib/index.ts'
import { connect2, type Session } from '../helpers/client2.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve, type Served } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const sources = 50
const addressLimit = 20
/** Of `maxKeysPerConnection`: what one address can hold, with 20 connections. */
const mostKeys = addressLimit * 16

let keys = 0
const newKey = (): string => `key-${keys++}-${Math.random()}`

/** A limit for each API key, which nobody has checked, beside one for each address. */
async function start(isHttp2: boolean, over: Partial<ZoneOptions> = {}) {
  const perKey = new Zone({ name: 'per-key', max: 2_000, ...over })
  const perAddress = new Zone({ name: 'per-address' })
  const policy = limitConn({
    limits: [
      { zone: perKey, key: byHeader('x-api-key'), limit: 2 },
      { zone: perAddress, key: byIp(), limit: addressLimit },
    ],
    logLevel: false,
    warnings: false,
  })
  const held = new Held()
  const server = await serve(bare([policy], held.handler), { policies: [policy], http2: isHttp2 })
  return { perKey, perAddress, held, server }
}

/** Requests of one address on 50 connections, `each` on one, all with keys of their own. */
async function pipeline({ connect }: Served, each: number): Promise<void> {
  for (let n = 0; n < sources; n++) {
    const requests = Array.from(
      { length: each },
      () => `GET /held HTTP/1.1\r\nHost: t\r\nX-Api-Key: ${newKey()}\r\n\r\n`,
    )
    const client = await connect()
    client.write(requests.join(''))
  }
}

async function multiplex(server: Served, each: number): Promise<void> {
  for (let n = 0; n < sources; n++) {
    const session = await connect2(server)
    for (let i = 0; i < each && !session.isClosed; i++) session.get('/held', { 'x-api-key': newKey() })
  }
}

/** A client of another address, with a new key: whether it comes to the handler. */
async function visit(server: Served, held: Held, isHttp2: boolean, n: number): Promise<number> {
  const localAddress = `127.0.1.${n}`
  const path = `/legitimate-${n}`
  const headers = { 'x-api-key': newKey() }
  if (!isHttp2) {
    const client = (await server.connect({ localAddress })).get(path, headers)
    await until('it is held or answered', () => held.paths.includes(path) || client.statuses.length > 0)
    answer(held, path)
    return client.answer()
  }
  const session: Session = await connect2(server, { localAddress } as object)
  const stream = session.get(path, headers)
  await until('it is held or answered', () => held.paths.includes(path) || stream.code > 0)
  answer(held, path)
  return stream.status()
}

function answer({ waiting }: Held, path: string): void {
  const index = waiting.findIndex(({ req }) => req.url === path)
  if (index >= 0) waiting.splice(index, 1)[0]!.res.end()
}

const attacks = { pipelining: pipeline, 'HTTP/2': multiplex }

describe.each(Object.keys(attacks) as (keyof typeof attacks)[])('a client of many keys, by %s', (way) => {
  const isHttp2 = way === 'HTTP/2'

  it('A-41, F46: with 10,000 keys it holds what its address may, and 100 of 100 others come in with new keys', async () => {
    const { perKey, perAddress, held, server } = await start(isHttp2)
    await attacks[way](server, 10_000 / sources)
    await until('its address is full', () => perAddress.count('127.0.0.1') === addressLimit)
    await held.arrived(mostKeys)

    const statuses: number[] = []
    for (let n = 1; n <= 100; n++) statuses.push(await visit(server, held, isHttp2, n))
    expect(statuses).toEqual(Array.from({ length: 100 }, () => 200))
    expect(perAddress.count('127.0.0.1')).toBe(addressLimit)
    expect(held.waiting).toHaveLength(mostKeys)
    expect(perKey.stats()).toMatchObject({ exhausted: 0 })
  })

  it.each([
    ['reject', 503],
    ['pass', 200],
  ] as const)(
    'A-41: where the zone has less room than that, onFull %s decides on new keys',
    async (onFull, status) => {
      const { perKey, perAddress, held, server } = await start(isHttp2, { max: 100, onFull })
      await attacks[way](server, 20)
      await until('the zone is full', () => perKey.stats().keys === 100 && perKey.stats().exhausted > 0)

      expect(await visit(server, held, isHttp2, 1)).toBe(status)
      expect(perAddress.count('127.0.0.1')).toBeLessThanOrEqual(addressLimit)
      expect(perKey.stats().keys).toBe(100)
    },
  )
})
