import { describe, expect, it } from '@jest/globals'
import { Limiter, Zone } from '../../lib/index.ts'
import { kickShown } from '../../lib/core/close.ts'
import { showKey } from '../../lib/core/shown.ts'
import { show, type Shown } from '../helpers/status.ts'
import { until } from '../helpers/until.ts'

const authorize = (): boolean => true
const reset = '/status/limit_conns/addr'
const keyUrl = (shown: string): string => `${reset}/keys/${encodeURIComponent(shown)}`

/** The keys as they are shown. */
async function keysOf({ ask }: Shown): Promise<{ key: string; active: number }[]> {
  return (await ask('GET', `${reset}/keys`)).json as { key: string; active: number }[]
}

describe('kick closes what is under a key, named as it is shown:', () => {
  it('an address', async () => {
    const shown = await show({ router: { authorize } })
    const [one, two] = [await shown.get('/'), await shown.get('/')]
    const other = (await shown.connect({ localAddress: '127.0.0.2' })).get()
    await shown.held.arrived(3)

    expect((await shown.ask('DELETE', keyUrl('127.0.0.1'))).json).toEqual({ kicked: 2 })
    await Promise.all([one.closed(), two.closed()])
    expect(other.isClosed).toBe(false)
    expect(shown.zone.stats()).toMatchObject({ kicked: 2, active: 1 })
    expect((await shown.ask('DELETE', keyUrl('127.0.0.1'))).json).toEqual({ kicked: 0 })
  })

  it.each([
    ['a header that is hidden', {}, { 'x-api-key': 'secret/1?%' }, /^key#[\w-]{12}$/],
    ['a header that is revealed', { reveal: true }, { 'x-api-key': 'a/b?c=%41&ü' }, /^a\/b\?c=%41&/],
    ['an address that is hidden', { privacy: 'hash-ip' }, {}, /^ip#[\w-]{12}$/],
    ['a long key', { reveal: true }, { 'x-api-key': 'k'.repeat(300) }, /^[\w-]{43}$/],
  ] as const)('%s', async (_, zone, headers, form) => {
    const shown = await show({ router: { authorize }, zone })
    const client = await shown.get('/', headers)
    const other = await shown.get('/', { 'x-api-key': 'other' })
    await shown.held.arrived(2)
    const [first, second] = await keysOf(shown)
    const key = [first!.key, second!.key].find((each) => form.test(each) && each !== keyOfOther(shown))!

    expect((await shown.ask('DELETE', keyUrl(key))).json).toEqual({ kicked: 1 })
    await client.closed()
    expect(other.isClosed).toBe(false)
    expect(shown.zone.stats()).toMatchObject({ kicked: 1, active: 1 })
  })

  /** How the key of the other client is shown. */
  function keyOfOther({ zone }: Shown): string {
    return zone.top().find(({ key }) => key === 'other')!.shown
  }

  it('and a key that clients fold out of the path resets nothing: that is no path of the router', async () => {
    const shown = await show({ router: { authorize } })
    const client = await shown.get('/')
    await shown.held.arrived(1)
    const passedOn = shown.ask('DELETE', `${reset}/`) // what fetch makes of `/keys/..`
    await shown.held.arrived(2)
    expect(shown.zone.stats().passed).toBe(2)
    expect(client.isClosed).toBe(false)
    shown.held.release()
    expect((await passedOn).status).toBe(200)
  })

  it('and not what is written as a person or a client writes it, while that is hidden', async () => {
    const shown = await show({ router: { authorize }, zone: { privacy: 'hash-ip' } })
    const [client, keyed] = [await shown.get('/'), await shown.get('/', { 'x-api-key': 'secret' })]
    await shown.held.arrived(2)
    const others = (await keysOf(shown)).map(({ key }) =>
      key.replace(/^\w+#/, (kind) => (kind === 'ip#' ? 'key#' : 'ip#')),
    )
    for (const raw of ['127.0.0.1', 'secret', 'a:127.0.0.1', 't:secret', 'key#', '', ...others])
      expect((await shown.ask('DELETE', keyUrl(raw))).json).not.toMatchObject({ kicked: 1 })
    expect([client.isClosed, keyed.isClosed, shown.zone.stats().active]).toEqual([false, false, 2])
  })

  it('a hidden key that was shown long ago, and not what is no live key any more', async () => {
    const shown = await show({ router: { authorize } })
    const [client, gone] = [
      await shown.get('/', { 'x-api-key': 'one' }),
      await shown.get('/', { 'x-api-key': 'two' }),
    ]
    await shown.held.arrived(2)
    const formOf = (name: string): string => shown.zone.top().find(({ key }) => key === name)!.shown
    const [one, two] = [formOf('one'), formOf('two')]
    gone.destroy()
    await until('one has gone', () => shown.zone.stats().active === 1)
    expect((await shown.ask('DELETE', keyUrl(two))).json).toEqual({ kicked: 0 })

    for (let n = 0; n < 2_000; n++) showKey(`t:other-${n}`, shown.zone.showing)
    expect((await shown.ask('DELETE', keyUrl(two))).json).toEqual({ kicked: 0 })
    expect((await shown.ask('DELETE', keyUrl(one))).json).toEqual({ kicked: 1 })
    await client.closed()
  })

  it('an address and a text, where both look the same', async () => {
    const shown = await show({ router: { authorize }, zone: { reveal: true } })
    const clients = [await shown.get('/'), await shown.get('/', { 'x-api-key': '127.0.0.1' })]
    await shown.held.arrived(2)
    expect((await shown.ask('DELETE', keyUrl('127.0.0.1'))).json).toEqual({ kicked: 2 })
    await Promise.all(clients.map((client) => client.closed()))
  })
})

it('kick counts nothing where nothing can be closed', () => {
  const zone = new Zone({ name: 'z', reveal: true })
  const lease = new Limiter({ zone, limit: 1, key: () => 'k' }).accept({
    prependListener: () => undefined,
  }).lease!
  expect([kickShown(zone, 'k'), zone.stats().kicked, zone.stats().active]).toEqual([0, 0, 1])
  lease.release()
})
