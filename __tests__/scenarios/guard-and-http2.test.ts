import { describe, expect, it } from '@jest/globals'
import { byHeader } from '../../lib/index.ts'
import { connect2, type Session } from '../helpers/client2.ts'
import { guarded } from '../helpers/guarded.ts'
import { layers } from '../helpers/layers.ts'
import { expectEven } from '../helpers/server.ts'
import { elapse, until } from '../helpers/until.ts'

it.each(['http2', 'http2 secure'] as const)(
  'F54, 4.7: asks a silent session of %s whether it is there',
  async (kind) => {
    const served = await guarded(kind, { limit: 1, sweep: { everyMs: 10, graceMs: 50 } })
    const session = await connect2(served)
    let pings = 0
    session.session.on('ping', () => pings++)
    await until('it is asked, again and again', () => pings > 2)

    expect(session.isClosed).toBe(false)
    expect(served.zone.stats().active).toBe(1)
  },
)

describe.each(['http2', 'http2 secure'] as const)('a guard and middleware on one zone, %s', (kind) => {
  it('a session is one slot, whatever the number of its streams', async () => {
    const served = await layers(kind, { limit: 2 }, { limit: 2 })
    const { zone, held, server, guard } = served
    const sessions = [await connect2(served), await connect2(served)]
    for (const session of sessions) for (let n = 0; n < 5; n++) session.get()
    await held.arrived(10)
    expect(zone.stats()).toMatchObject({ passed: 4, active: 2, peak: 2 })
    await expectEven(server, guard)

    sessions[0]!.destroy()
    await until('the slot is given back', () => zone.stats().active === 1)
  })

  it('another key takes its own slot, and the one of the guard stays', async () => {
    const served = await layers(kind, { limit: 2 }, { limit: 1, key: byHeader('x-api-key') })
    const { zone, held } = served
    const session = await connect2(served)
    session.get('/', { 'x-api-key': 'k' })
    await held.arrived(1)
    expect([zone.count('127.0.0.1'), zone.count('k'), zone.stats().active]).toEqual([1, 1, 2])

    held.release()
    session.destroy()
    await until('both are given back', () => zone.stats().active === 0)
  })

  it('streams that are counted take slots of their own', async () => {
    const served = await layers(kind, { limit: 9 }, { limit: 9, count: 'requests', warnings: false })
    const { zone, held } = served
    const session = await connect2(served)
    const streams = [1, 2, 3].map(() => session.get())
    await held.arrived(3)
    expect(zone.stats()).toMatchObject({ passed: 4, active: 4 })

    held.release()
    await Promise.all(streams.map((stream) => stream.closed()))
    await until('the streams are given back', () => zone.stats().active === 1)
  })

  /** Waits until a refused session has had its word, and has gone. */
  async function expectSentAway(session: Session): Promise<void> {
    const beforeMs = performance.now()
    await session.closed()
    expect(session.hasGoaway).toBe(true)
    expect(performance.now() - beforeMs).toBeLessThan(2_000)
  }

  it("4.6: a refused session that holds no slot but the guard's gets GOAWAY and is gone", async () => {
    const served = await layers(kind, { limit: 3 }, { limit: 1 })
    const { zone, held } = served
    const first = await connect2(served)
    first.get()
    await held.arrived(1)
    const second = await connect2(served)
    const refused = [second.get(), second.get()]
    expect(await Promise.all(refused.map((stream) => stream.status()))).toEqual([503, 503])
    await expectSentAway(second)

    await until('its slot is given back', () => zone.stats().active === 1)
    expect(zone.stats()).toMatchObject({ passed: 3, rejected: 1 })
    expect(first.isClosed).toBe(false)
  })

  it('one that holds a slot of the middleware stays', async () => {
    const served = await layers(kind, { limit: 3 }, { limit: 1, key: byHeader('x-api-key') })
    const { zone, held } = served
    const [first, second] = [await connect2(served), await connect2(served)]
    first.get('/', { 'x-api-key': 'taken' })
    const mine = second.get('/', { 'x-api-key': 'mine' })
    await held.arrived(2)
    held.release()
    expect(await mine.status()).toBe(200)
    expect(await second.get('/', { 'x-api-key': 'taken' }).status()).toBe(503)
    await elapse(1_200)

    expect([second.isClosed, second.hasGoaway]).toEqual([false, false])
    expect(zone.stats()).toMatchObject({ rejected: 1, active: 4 })
  })

  it('one with a stream that was let in without a slot goes when that has ended', async () => {
    const skip = ['/free']
    const served = await layers(kind, { limit: 3 }, { limit: 1, skip })
    const { held } = served
    const first = await connect2(served)
    first.get()
    await held.arrived(1)
    const second = await connect2(served)
    const free = second.get('/free')
    await held.arrived(2)
    expect(await second.get().status()).toBe(503)
    await elapse(1_200)
    expect([second.isClosed, second.hasGoaway]).toEqual([false, false])

    held.release()
    expect(await free.status()).toBe(200)
    await expectSentAway(second)
  })
})
