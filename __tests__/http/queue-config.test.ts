import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { byHeader, Zone } from '../../lib/index.ts'
import { fullyQueueing, queueing } from '../helpers/queueing.ts'
import { until } from '../helpers/until.ts'

const paths = ['/1', '/2', '/3', '/4']

describe('setConfig while requests wait', () => {
  it('a raised limit lets the first of them in, in order', async () => {
    const { policy, held, lineUp, zone, waiting } = await fullyQueueing()
    await lineUp(paths)
    policy.setConfig({ limit: 3 })
    await held.arrived(3)
    expect(held.paths).toEqual(['/first', '/1', '/2'])
    expect(zone.stats()).toMatchObject({ active: 3, waiting: 2, queued: 4 })

    policy.setConfig({ limit: 9 })
    await held.arrived(5)
    expect(held.paths).toEqual(['/first', ...paths])
    await waiting(0)
    expect(zone.stats()).toMatchObject({ queued: 4, passed: 5, rejected: 0 })
  })

  it('under a lowered limit they wait until there is room by it', async () => {
    const { policy, held, lineUp, zone, ask } = await queueing({ limit: 3 })
    for (let n = 0; n < 3; n++) await ask('/in')
    await held.arrived(3)
    const clients = await lineUp(['/1', '/2'])
    policy.setConfig({ limit: 1 })
    expect(zone.stats()).toMatchObject({ active: 3, waiting: 2 })
    held.answerFirst()
    held.answerFirst()
    await until('two have gone', () => zone.stats().active === 1)
    expect(held.runs).toBe(3)

    held.answerFirst()
    await held.arrived(1)
    held.answerFirst()
    expect(await clients[0]!.status()).toBe(200)
    await held.arrived(1)
    expect(zone.stats()).toMatchObject({ active: 1, waiting: 0 })
  })

  it('without a queue they are refused', async () => {
    const { policy, lineUp, zone, ask } = await fullyQueueing()
    const clients = await lineUp(paths)
    policy.setConfig({ queue: false })
    expect(await Promise.all(clients.map((client) => client.status()))).toEqual([503, 503, 503, 503])
    expect(await (await ask('/5')).status()).toBe(503)
    expect(zone.stats()).toMatchObject({ waiting: 0, rejected: 5, queued: 4 })
  })

  it('a smaller queue refuses nobody who waits, and lets nobody else wait', async () => {
    const { policy, lineUp, ask, zone, held } = await fullyQueueing()
    await lineUp(paths)
    policy.setConfig({ queue: { max: 2 } })
    expect(zone.stats().waiting).toBe(4)
    expect(await (await ask('/5')).status()).toBe(503)
    for (const _ of paths) {
      held.release()
      await held.arrived(1)
    }
    expect(held.paths).toEqual(['/first', ...paths])
  })

  it('dryRun lets all of them in, in order', async () => {
    const { policy, held, lineUp, zone } = await fullyQueueing()
    await lineUp(paths)
    policy.setConfig({ dryRun: true })
    await held.arrived(5)
    expect(held.paths).toEqual(['/first', ...paths])
    expect(zone.stats()).toMatchObject({ active: 5, waiting: 0, rejectedDryRun: 4, rejected: 0 })
    expect(held.waiting[4]!.req.limitConn!.status).toBe('REJECTED_DRY_RUN')
  })

  it('skip lets in whom it names, and the others wait on', async () => {
    const { policy, held, lineUp, zone } = await fullyQueueing()
    await lineUp(paths)
    policy.setConfig({ skip: ['/2', '/4'] })
    await held.arrived(3)
    expect(held.paths).toEqual(['/first', '/2', '/4'])
    expect(zone.stats()).toMatchObject({ active: 1, waiting: 2, skipped: 2 })
  })

  it('another zone: they wait there, and what is in holds its slot in the old one', async () => {
    const [one, other] = [new Zone({ name: 'one' }), new Zone({ name: 'other' })]
    const { policy, held, lineUp, ask } = await queueing({ zone: one })
    await ask('/first')
    await held.arrived(1)
    await lineUp(paths)
    policy.setConfig({ zone: other })
    await held.arrived(2)
    expect(one.stats()).toMatchObject({ active: 1, waiting: 0 })
    expect(other.stats()).toMatchObject({ active: 1, waiting: 3, queued: 0 })
    expect(held.paths).toEqual(['/first', '/1'])

    held.answerFirst()
    await until('the old slot is free', () => one.stats().active === 0)
    expect(held.runs).toBe(2)
    held.answerFirst()
    await until('the next one is in', () => held.runs === 3)
    expect(held.paths.at(-1)).toBe('/2')
    held.release()
    policy.setConfig({ limit: 9 })
    await until('all are in', () => held.runs === 5)
    expect(one.audit().isClean && one.stats().active === 0).toBe(true)
  })

  it('another key: each waits under its own, in the order in which they came', async () => {
    const { policy, held, zone, ask, waiting } = await fullyQueueing({ key: () => 'all' })
    for (const [n, key] of ['a', 'b', 'a', 'b', 'a'].entries()) {
      await ask(`/${key}${n}`, key)
      await waiting(n + 1)
    }
    policy.setConfig({ key: byHeader('x-key') })
    await held.arrived(3)
    expect(held.paths).toEqual(['/first', '/a0', '/b1'])
    expect(zone.stats()).toMatchObject({ active: 3, waiting: 3, keys: 3 })

    held.waiting.splice(1, 1)[0]!.res.end()
    await until('the next of a is in', () => held.runs === 4)
    expect(held.paths.at(-1)).toBe('/a2')
    held.release()
    await until('one of each is in', () => held.runs === 6)
    expect(held.paths.slice(-2).toSorted()).toEqual(['/a4', '/b3'])
  })

  it('an async key that is slow for some loses nobody', async () => {
    const { policy, held, lineUp, zone } = await fullyQueueing()
    await lineUp(paths)
    const answer: (() => void)[] = []
    const key = ({ url }: IncomingMessage): Promise<string> | string =>
      url === '/1' ? new Promise((resolve) => answer.push(() => resolve('all'))) : Promise.resolve('all')
    policy.setConfig({ key })
    await until('one is in', () => held.runs === 2)
    expect(zone.stats().waiting).toBe(2)
    expect(held.paths).toEqual(['/first', '/2'])

    answer[0]!()
    await until('all wait again', () => zone.stats().waiting === 3)
    for (let n = 3; n <= 5; n++) {
      held.release()
      await until('the next one is in', () => held.runs === n)
    }
    expect(held.paths).toEqual(['/first', '/2', '/1', '/3', '/4'])
  })

  it('a client that leaves while an async key is asked again is not let in', async () => {
    const { policy, held, lineUp, zone, server } = await fullyQueueing()
    const [client, other] = await lineUp(['/left', '/stays'])
    const answer: (() => void)[] = []
    policy.setConfig({
      key: () => new Promise<string>((resolve) => answer.push(() => resolve('all'))),
    })
    await until('both are asked', () => answer.length === 2)
    client!.destroy()
    await until('it has left', () => server.sockets.size === 2)
    for (const resolve of answer) resolve()
    await until('the other is in', () => held.runs === 2)
    expect(held.paths).toEqual(['/first', '/stays'])
    held.release()
    expect(await other!.status()).toBe(200)
    expect(zone.stats().waiting).toBe(0)
  })

  it('after stop() who is being asked for an async key waits no more', async () => {
    const { policy, held, lineUp, zone } = await fullyQueueing()
    const clients = await lineUp(['/1', '/2'])
    const answer: (() => void)[] = []
    policy.setConfig({ key: () => new Promise<string>((resolve) => answer.push(() => resolve('all'))) })
    policy.stop()
    for (const resolve of answer) resolve()
    expect(await clients[1]!.status()).toBe(503)
    await until('who finds room is in', () => held.runs === 2)
    expect(zone.stats()).toMatchObject({ active: 2, waiting: 0, rejected: 1 })
  })

  it('closeExcess closes what is in beyond the new limit; those who wait go on waiting', async () => {
    const { policy, held, lineUp, zone, ask } = await queueing({ limit: 3 })
    const inside = []
    for (let n = 0; n < 3; n++) {
      inside.push(await ask(`/in${n}`))
      await held.arrived(n + 1)
    }
    await lineUp(['/1', '/2'])
    policy.setConfig({ limit: 2 }, { closeExcess: true })
    await inside[2]!.closed()
    expect([inside[0]!.isClosed, inside[1]!.isClosed]).toEqual([false, false])
    expect(zone.stats()).toMatchObject({ active: 2, waiting: 2, trimmed: 1 })

    held.answerFirst()
    await until('one is in', () => held.runs === 4)
    expect(held.paths.at(-1)).toBe('/1')
  })

  it('kick under their key makes room for the first of them', async () => {
    const { held, lineUp, zone } = await fullyQueueing()
    await lineUp(['/1', '/2'])
    expect(zone.kick('127.0.0.1')).toBe(1)
    await until('the first is in', () => held.runs === 2)
    expect(held.paths).toEqual(['/first', '/1'])
    expect(zone.stats()).toMatchObject({ active: 1, waiting: 1, kicked: 1 })
  })
})
