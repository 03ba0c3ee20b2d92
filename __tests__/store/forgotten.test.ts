import { describe, expect, it } from '@jest/globals'
import { atOnce } from '../helpers/store/network.ts'
import { syncMs, ttlMs, type Client } from '../helpers/store/process.ts'
import { useScenes, type Scene } from '../helpers/store/scene.ts'

const scene = useScenes()

/** What the breaker waits for, and a sync: so long each process keeps to its share. */
const recoveryMs = 500 + syncMs

function openAll({ world }: Scene, limiters: Scene['here'][], times: number): Client[] {
  return world.processes.flatMap((process, index) =>
    Array.from({ length: times }, () => process.open(limiters[index]!)),
  )
}

function limitersOf({ world }: Scene, limit: number): Scene['here'][] {
  return world.processes.map((process) => process.limiter({ zone: process.zone, limit }))
}

const isBeat = (args: readonly string[]): boolean => args[3]!.endsWith(':instances') && args[2] === '1'

/** One of four processes holds all that the limit allows. */
async function oneHoldsAll(): Promise<Scene & { readonly limiters: Scene['here'][] }> {
  const all = await scene(4, 8)
  const limiters = limitersOf(all, 8)
  for (let n = 0; n < 8; n++) all.one.open(all.here)
  await all.time.elapse(1)
  expect(all.world.counts().held).toEqual([8, 0, 0, 0])
  return { ...all, limiters }
}

describe('a Redis that has forgotten all', () => {
  it('is noticed by the first who asks: nobody has more than its share', async () => {
    const all = await oneHoldsAll()
    all.redis.restart()
    openAll(all, all.limiters, 8)
    await all.time.elapse(1)
    expect(all.world.counts().held).toEqual([8, 2, 2, 2])

    openAll(all, all.limiters, 8)
    await all.time.elapse(recoveryMs - 10)
    openAll(all, all.limiters, 8)
    await all.time.elapse(1)
    expect(all.world.counts()).toEqual({ held: [8, 2, 2, 2], cells: [8, 2, 2, 2] })
  })

  it('makes nobody believe to be the only one who is left: a share is what it was', async () => {
    const all = await oneHoldsAll()
    all.redis.restart()
    all.two.open(all.there)
    await all.time.elapse(5)
    expect([...all.redis.instances.values()].map(({ size }) => size)).toEqual([1])
    for (let n = 0; n < 8; n++) all.two.open(all.there)
    await all.time.elapse(1)
    expect(all.world.counts().held).toEqual([8, 2, 0, 0])
  })

  it('is noticed by the sync of one whom nobody asks', async () => {
    const all = await oneHoldsAll()
    all.redis.restart()
    await all.time.elapse(syncMs)
    expect(all.world.counts().cells).toEqual([8, 0, 0, 0])
  })

  it.each(['lost', 'unanswered'] as const)('is noticed also after a beat that was %s', async (end) => {
    const all = await oneHoldsAll()
    all.two.network.fateOf = (args) => (isBeat(args) ? { ...atOnce, end } : atOnce)
    await all.time.elapse(syncMs)
    all.two.network.fateOf = () => atOnce
    all.time.stop(all.one)
    all.redis.restart()
    await all.time.elapse(syncMs)
    for (let n = 0; n < 8; n++) all.two.open(all.there)
    await all.time.elapse(1)
    expect(all.world.counts().held).toEqual([8, 2, 0, 0])
  })

  it('is noticed also by who asks behind a beat that has no answer yet', async () => {
    const all = await oneHoldsAll()
    const { network } = all.two
    network.fateOf = (args) => (isBeat(args) ? { ...atOnce, backMs: 50 } : atOnce)
    all.time.stop(all.one)
    all.redis.flush()
    const sentBefore = network.sent.length
    while (!network.sent.slice(sentBefore).some(isBeat)) await all.time.elapse(1)
    for (let n = 0; n < 8; n++) all.two.open(all.there)
    await all.time.elapse(1)
    expect(all.world.counts().held).toEqual([8, 2, 0, 0])
  })

  it('keeps nobody to its share for longer than it takes the others to tell', async () => {
    const all = await oneHoldsAll()
    all.redis.restart()
    await all.time.elapse(syncMs)
    for (const client of all.one.clients.slice(2)) all.one.close(client)
    await all.time.elapse(recoveryMs)
    for (let n = 0; n < 8; n++) all.two.open(all.there)
    await all.time.elapse(1)
    expect(all.world.counts().held).toEqual([2, 6, 0, 0])
  })

  it('keeps all to their shares while the others may not have told yet, though all are back', async () => {
    const all = await oneHoldsAll()
    all.redis.restart()
    await all.time.elapse(syncMs)
    for (const client of all.one.clients.slice(2)) all.one.close(client)
    await all.time.elapse(syncMs)
    for (let n = 0; n < 8; n++) all.two.open(all.there)
    await all.time.elapse(1)
    expect(all.world.counts().held).toEqual([2, 2, 0, 0])
  })

  it('keeps all to their shares until one that has not come back would have lapsed', async () => {
    const all = await oneHoldsAll()
    all.time.stop(all.one)
    all.redis.restart()
    await all.time.elapse(syncMs + recoveryMs)
    for (let n = 0; n < 8; n++) all.two.open(all.there)
    await all.time.elapse(1)
    expect(all.world.counts().held).toEqual([8, 2, 0, 0])
    await all.time.elapse(ttlMs)
    for (let n = 0; n < 8; n++) all.two.open(all.there)
    await all.time.elapse(1)
    expect(all.world.counts().held).toEqual([8, 8, 0, 0])
  })
})

describe('a Redis that was away and is back', () => {
  it('is not asked for more than a share until all have told what they let in', async () => {
    const all = await scene(4, 8)
    const limiters = limitersOf(all, 8)
    for (const { network } of all.world.processes) network.fateOf = () => ({ ...atOnce, end: 'refused' })
    await all.time.elapse(3 * syncMs)
    openAll(all, limiters, 4)
    await all.time.elapse(1)
    expect(all.world.counts().held).toEqual([2, 2, 2, 2])
    for (const client of all.one.clients) all.one.close(client)

    // The first is back long before the others.
    all.one.network.fateOf = () => atOnce
    await all.time.elapse(510)
    for (let n = 0; n < 8; n++) all.one.open(all.here)
    await all.time.elapse(1)
    expect(all.world.counts().held).toEqual([2, 2, 2, 2])
  })
})
