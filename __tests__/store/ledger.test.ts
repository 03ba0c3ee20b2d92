import { describe, expect, it } from '@jest/globals'
import { atOnce, lost, wordsOf } from '../helpers/store/network.ts'
import { syncMs, timeoutMs, ttlMs } from '../helpers/store/process.ts'
import { pushMs, useScenes } from '../helpers/store/scene.ts'
import { redisKey } from '../helpers/store/world.ts'

const scene = useScenes()

describe('a cell', () => {
  it('has what the process holds, and is gone with the last of it', async () => {
    const { time, world, one, here } = await scene(2)
    const [first, second] = [one.open(here), one.open(here)]
    await time.elapse(1)
    expect(world.counts()).toEqual({ held: [2, 0], cells: [2, 0] })

    one.close(first)
    await time.elapse(pushMs)
    expect(world.counts()).toEqual({ held: [1, 0], cells: [1, 0] })
    one.close(second)
    await time.elapse(pushMs)
    expect(world.redis.cells.size).toBe(0)
  })

  it('is written once for a slot that the store has granted', async () => {
    const { time, world, one, here } = await scene(1)
    const before = one.network.writes.length
    one.open(here)
    await time.elapse(3 * pushMs)
    expect([one.network.writes.length - before, world.counts().cells]).toEqual([1, [1]])
  })

  it('is told with those of the others: a decision counts the slots of all', async () => {
    const { time, one, two, here, there } = await scene(2, 5)
    for (let n = 0; n < 2; n++) one.open(here)
    await time.elapse(1)
    const other = two.open(there)
    await time.elapse(1)
    expect(other.decision).toMatchObject({ status: 'PASSED', active: 3 })
  })

  it('stands under a key that tells nothing of its own', async () => {
    const { time, one, here, redis } = await scene(1)
    one.open(here, 'a secret')
    await time.elapse(1)
    expect([...redis.cells.keys()]).toEqual([redisKey('a secret')])
    expect(one.network.sent.flat().filter((text) => text.includes('secret'))).toEqual([])
  })

  it('stands for as long as its process does, however long nothing changes', async () => {
    const { time, world, one, two, here, there } = await scene(2, 1)
    one.open(here)
    await time.elapse(5 * ttlMs)
    expect(world.counts().cells).toEqual([1, 0])
    const other = two.open(there)
    await time.elapse(1)
    expect(other.decision?.status).toBe('REJECTED')
  })

  it('is not counted any more when it has lapsed, and others come in for it', async () => {
    const { time, one, two, here, there } = await scene(2, 1)
    one.open(here)
    await time.elapse(1)
    one.network.fateOf = () => lost
    await time.elapse(ttlMs + syncMs)
    const other = two.open(there)
    await time.elapse(1)
    expect(other.decision).toMatchObject({ status: 'PASSED', active: 1 })
  })

  it('that has lapsed comes back with its process, and nobody new comes in until there is room', async () => {
    const { time, world, one, two, here, there } = await scene(2)
    const [first] = [one.open(here), one.open(here)]
    await time.elapse(1)
    time.stop(one)
    await time.elapse(2 * ttlMs)
    expect(world.counts().cells).toEqual([0, 0])
    two.open(there)
    await time.elapse(1)
    expect(world.counts()).toEqual({ held: [2, 1], cells: [0, 1] })

    time.goOn(one)
    await time.elapse(syncMs)
    expect(world.counts()).toEqual({ held: [2, 1], cells: [2, 1] })
    one.close(first)
    await time.elapse(pushMs)
    const [again, other] = [one.open(here), two.open(there)]
    await time.elapse(1)
    expect([again, other].map(({ decision }) => decision?.status)).toEqual(['REJECTED', 'REJECTED'])
  })

  it('is never below zero, whatever is given back twice', async () => {
    const { time, one, here } = await scene(1)
    const client = one.open(here)
    await time.elapse(1)
    const { lease } = client.decision as { lease: { release(): void } }
    for (const end of [() => lease.release(), () => one.close(client), () => client.emit('close')]) end()
    await time.elapse(2 * ttlMs)
    const counts = one.network.writes.map((args) => wordsOf(args)[5]!)
    expect(counts.map(Number).filter((count) => count !== 0 && count !== 1)).toEqual([])
    expect(one.zone.stats().active).toBe(0)
  })
})

describe('a process that stood still after a beat without an answer', () => {
  it.each([0, 10, 40, ttlMs, 2 * ttlMs])('for its ttl and %i ms, goes on under its id', async (moreMs) => {
    const { time, one, redis } = await scene(1)
    // Carried out a moment after it was sent.
    one.network.fateOf = () => ({ thereMs: 40, backMs: 0, end: 'unanswered' })
    await time.elapse(syncMs)
    time.stop(one)
    await time.elapse(ttlMs + moreMs)
    one.network.fateOf = () => atOnce
    time.goOn(one)
    await time.elapse(2 * syncMs)
    expect(one.network.ids.size).toBe(1)
    expect([...redis.instances.values()].map(({ size }) => size)).toEqual([1])
  })
})

describe('a command that comes late', () => {
  it('and was sent before another, changes nothing', async () => {
    const { time, world, one, here } = await scene(1)
    const [first] = [one.open(here), one.open(here)]
    await time.elapse(1)
    one.network.fateOf = () => ({ ...atOnce, thereMs: 120 })
    one.close(first)
    await time.elapse(pushMs)
    one.network.fateOf = () => atOnce
    await time.elapse(timeoutMs)
    const other = one.open(here)
    await time.elapse(1)
    expect([other.decision?.status, world.counts().cells]).toEqual(['PASSED', [2]])

    const seen = new Set<number>()
    for (let i = 0; i < 100; i++) {
      await time.elapse(1)
      seen.add(world.cellOf(one))
    }
    expect([...seen]).toEqual([2])
  })

  it('after its slot was given back, counts for a sync at most', async () => {
    const { time, world, one, here } = await scene(1)
    one.network.fateOf = () => ({ ...atOnce, thereMs: 300 })
    const client = one.open(here)
    await time.elapse(timeoutMs + 1)
    // It was let in without an answer.
    expect(client.decision?.status).toBe('PASSED')
    one.network.fateOf = () => atOnce
    one.close(client)
    await time.elapse(pushMs)
    expect(world.left).toBe(0)

    await time.elapse(300 - timeoutMs)
    await time.elapse(syncMs)
    expect(world.left).toBe(0)
    await time.elapse(ttlMs)
    expect(world.left).toBe(0)
  })

  it('as an answer after the deadline, changes nothing', async () => {
    const { time, world, one, two, here, there } = await scene(2)
    one.network.fateOf = () => ({ ...atOnce, backMs: timeoutMs + 30 })
    const client = one.open(here)
    await time.elapse(timeoutMs + 1)
    expect([client.decision?.status, client.answeredMs! - client.askedMs]).toEqual(['PASSED', timeoutMs])
    const told = { ...client.decision }
    one.network.fateOf = () => atOnce

    await time.elapse(30 + syncMs)
    expect([client.decision, one.zone.stats().active]).toEqual([told, 1])
    expect(world.counts()).toEqual({ held: [1, 0], cells: [1, 0] })
    const others = [two.open(there), two.open(there)]
    await time.elapse(1)
    expect(others.map(({ decision }) => decision?.status)).toEqual(['PASSED', 'REJECTED'])
  })
})

describe('a slot that is given back', () => {
  it('while somebody waits who is then refused, is in Redis within 20 ms', async () => {
    const { time, world, one, two, here, there } = await scene(2)
    const [first] = [one.open(here), two.open(there)]
    await time.elapse(1)
    one.network.fateOf = () => ({ ...atOnce, thereMs: 5, backMs: 5 })
    const waiting = one.open(here)
    await time.elapse(2)
    one.close(first)
    await time.elapse(10)
    expect([waiting.decision?.status, world.cellOf(one)]).toEqual(['REJECTED', 1])
    await time.elapse(pushMs)
    expect(world.counts()).toEqual({ held: [0, 1], cells: [0, 1] })
  })

  it('and taken again meanwhile, is pushed as it is by then', async () => {
    const { time, world, one, here } = await scene(1)
    const first = one.open(here)
    await time.elapse(1)
    one.network.fateOf = () => ({ ...atOnce, thereMs: 4, backMs: 4 })
    const [second] = [one.open(here), one.close(first)]
    await time.elapse(8 + pushMs + 8)
    expect([second.decision?.status, world.counts()]).toEqual(['PASSED', { held: [1], cells: [1] }])
  })
})

describe('somebody who is refused', () => {
  it('is not asked for again for 100 ms, and then is', async () => {
    const { time, one, two, here, there } = await scene(2, 1)
    const holding = one.open(here)
    await time.elapse(1)
    const refused = two.open(there)
    await time.elapse(1)
    const asked = two.network.writes.length
    one.close(holding)
    const again = two.open(there)
    await time.elapse(1)
    expect([refused, again].map(({ decision }) => decision?.status)).toEqual(['REJECTED', 'REJECTED'])
    expect(two.network.writes.length).toBe(asked)

    await time.elapse(100)
    const later = two.open(there)
    await time.elapse(1)
    expect(later.decision?.status).toBe('PASSED')
  })

  it('has nothing in Redis', async () => {
    const { time, world, one, two, here, there } = await scene(2, 1)
    one.open(here)
    await time.elapse(1)
    two.open(there)
    await time.elapse(syncMs)
    expect(world.counts()).toEqual({ held: [1, 0], cells: [1, 0] })
  })
})
