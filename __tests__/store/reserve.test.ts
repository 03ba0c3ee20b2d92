import { describe, expect, it } from '@jest/globals'
import { Zone } from '../../lib/index.ts'
import { atOnce, wordsOf } from '../helpers/store/network.ts'
import { keyOf, syncMs, timeoutMs } from '../helpers/store/process.ts'
import { pushMs, useScenes } from '../helpers/store/scene.ts'

const scene = useScenes()

/** A way that takes a moment: what happens meanwhile is the subject. */
const slow = { ...atOnce, thereMs: 5, backMs: 5 }

describe('while Redis is asked', () => {
  it('a client that goes is GONE, and nothing is left of it in Redis within a push', async () => {
    const { time, world, one, here } = await scene(1)
    one.network.fateOf = () => slow
    const client = one.open(here)
    await time.elapse(6)
    expect([client.decision, world.cellOf(one)]).toEqual([undefined, 1])
    one.close(client)
    await time.elapse(4)
    expect(client.decision).toMatchObject({ status: 'GONE', passed: false })
    expect(one.zone.stats()).toMatchObject({ active: 0, passed: 0 })
    await time.elapse(pushMs)
    expect(world.left).toBe(0)
  })

  it('a client that was destroyed and has not closed yet is GONE as well', async () => {
    const { time, world, one, here } = await scene(1)
    one.network.fateOf = () => slow
    const client = one.open(here)
    await time.elapse(2)
    client.destroyed = true
    await time.elapse(8 + pushMs)
    expect([client.decision?.status, world.left]).toEqual(['GONE', 0])
  })

  it('a change of the configuration is heeded: what was granted by the old one is given back', async () => {
    const { time, world, one, here } = await scene(1, 2)
    one.open(here)
    await time.elapse(1)
    one.network.fateOf = () => slow
    const client = one.open(here)
    await time.elapse(2)
    here.setConfig({ limit: 1 })
    await time.elapse(20)
    expect(client.decision).toMatchObject({ status: 'REJECTED', limit: 1, active: 1 })
    await time.elapse(2 * pushMs)
    expect(world.counts()).toEqual({ held: [1], cells: [1] })
  })

  it('a change to a limit with room lets in who had none, and takes one slot', async () => {
    const { time, world, one, here } = await scene(1, 1)
    one.open(here)
    await time.elapse(1)
    one.network.fateOf = () => slow
    const client = one.open(here, 'b')
    await time.elapse(2)
    here.setConfig({ key: () => 'a', limit: 2 })
    await time.elapse(20 + 2 * pushMs)
    expect(client.decision).toMatchObject({ status: 'PASSED', limit: 2, active: 2 })
    expect([world.cellOf(one, 'a'), world.cellOf(one, 'b'), one.zone.count({ text: 'a' })]).toEqual([2, 0, 2])
  })

  it('all who came in one turn are asked for in one command', async () => {
    const { time, one, here } = await scene(1, 10)
    const before = one.network.writes.length
    const clients = ['a', 'a', 'b', 'c', 'a'].map((key) => one.open(here, key))
    await time.elapse(1)
    expect(clients.every(({ isIn }) => isIn)).toBe(true)
    expect(one.network.writes.slice(before).map((args) => [args[0], args[2]])).toEqual([['EVALSHA', '4']]) // three cells, and where the processes stand
  })

  it('of a key one command at most is on its way', async () => {
    const { time, one, here } = await scene(1, 100)
    one.open(here)
    await time.elapse(1)
    let onItsWay = 0
    let most = 0
    one.network.fateOf = (args) => {
      if (args[3]!.includes(':{')) {
        most = Math.max(most, ++onItsWay)
        time.later(() => onItsWay--, 10)
      }
      return slow
    }
    for (let i = 0; i < 60; i++) {
      const client = one.open(here)
      if (i % 3 === 0) one.close(client)
      await time.elapse(i % 4)
    }
    expect(most).toBe(1)
  })
})

describe('of one connection', () => {
  it('two requests under one key ask once, and have one slot', async () => {
    const { time, world, one, here } = await scene(1, 1)
    one.network.fateOf = () => slow
    const client = one.open(here)
    await time.elapse(2)
    one.ask(here, client)
    await time.elapse(20 + pushMs)
    expect(client.decision?.status).toBe('PASSED')
    expect(world.counts()).toEqual({ held: [1], cells: [1] })
    const wishes = one.network.writes.flatMap((args) => wordsOf(args).filter((text) => text === '+1'))
    expect(wishes).toEqual(['+1'])
  })

  it('that holds a slot nothing is asked any more', async () => {
    const { time, one, here } = await scene(1)
    const client = one.open(here)
    await time.elapse(1)
    const before = one.network.writes.length
    one.ask(here, client)
    await time.elapse(1)
    expect([client.decision?.status, one.network.writes.length]).toEqual(['PASSED', before])
  })
})

describe('with several limits', () => {
  it('a refusal by a limit of this process asks nothing', async () => {
    const { time, one } = await scene(1)
    const local = new Zone({ name: 'local' })
    const both = [
      { zone: one.zone, limit: 9 },
      { zone: local, limit: 1 },
    ]
    const limiter = one.limiter({ limits: both.map((limit) => ({ ...limit, key: keyOf })) })
    const first = one.open(limiter)
    await time.elapse(1 + pushMs)
    const before = one.network.writes.length
    const second = one.open(limiter)
    await time.elapse(1)
    expect([first, second].map(({ decision }) => decision?.status)).toEqual(['PASSED', 'REJECTED'])
    expect(second.decision).toMatchObject({ zone: 'local' })
    expect(one.network.writes.length).toBe(before)
  })

  it('a refusal by one shared zone gives back at once what another has granted', async () => {
    const { time, world, one, two } = await scene(2)
    const others = world.processes.map((process) => process.zoneCalled('y'))
    const [here, there] = world.processes.map((process, index) =>
      process.limiter({
        limits: [
          { zone: process.zone, limit: 5, key: keyOf },
          { zone: others[index]!, limit: 1, key: keyOf },
        ],
      }),
    )
    await time.elapse(2 * syncMs)
    const first = one.open(here!)
    await time.elapse(1)
    const second = two.open(there!)
    await time.elapse(1)
    expect([first, second].map(({ decision }) => decision?.status)).toEqual(['PASSED', 'REJECTED'])
    expect(second.decision).toMatchObject({ zone: 'y', limit: 1 })
    await time.elapse(pushMs)
    expect([world.cellOf(two, 'a', 'z'), world.cellOf(two, 'a', 'y')]).toEqual([0, 0])
    expect([world.cellOf(one, 'a', 'z'), world.cellOf(one, 'a', 'y')]).toEqual([1, 1])
    for (const client of one.clients) one.close(client)
    for (const zone of others) void zone.close()
    await time.elapse(pushMs)
  })
})

describe('a slot that one shared zone has granted', () => {
  it('is counted while another zone is waited for', async () => {
    const { time, world, one, here } = await scene(1, 2)
    const other = one.zoneCalled('y')
    const zones = [one.zone, other]
    const both = one.limiter({ limits: zones.map((zone) => ({ zone, limit: 2, key: keyOf })) })
    await time.elapse(2 * syncMs)
    one.network.fateOf = (args) => ({ ...atOnce, backMs: args[3]!.includes(':y:') ? 30 : 0 })
    const first = one.open(both)
    await time.elapse(5)
    const clients = [one.open(here), one.open(here)]
    await time.elapse(40)
    const decided = [first, ...clients].map(({ decision }) => decision?.status)
    expect(decided).toEqual(['PASSED', 'PASSED', 'REJECTED'])
    expect(world.counts()).toEqual({ held: [2], cells: [2] })

    for (const client of one.clients) one.close(client)
    void other.close()
    await time.elapse(100)
  })
})

describe('without an answer', () => {
  it('the fair share is let in: the limit, divided by how many processes there are', async () => {
    const { time, world, one, here } = await scene(4, 10)
    for (const { network } of world.processes) network.fateOf = () => ({ ...atOnce, end: 'refused' })
    await time.elapse(2 * syncMs)
    await time.elapse(syncMs)
    const clients = Array.from({ length: 10 }, () => one.open(here))
    await time.elapse(timeoutMs)
    expect(clients.filter(({ isIn }) => isIn)).toHaveLength(3)
  })

  it('who waits is answered in time, also behind a command that takes long and is answered', async () => {
    const { time, one, here } = await scene(1, 9)
    one.network.fateOf = () => ({ ...atOnce, backMs: timeoutMs - 10 })
    one.open(here)
    await time.elapse(5)
    const client = one.open(here)
    await time.elapse(3 * timeoutMs)
    expect(client.decision?.status).toBe('PASSED')
    expect(client.answeredMs! - client.askedMs).toBeLessThanOrEqual(timeoutMs + 1)
  })

  it('who waits is answered in time, also behind a command that gets none', async () => {
    const { time, one, here } = await scene(1)
    one.network.fateOf = () => ({ ...atOnce, end: 'unanswered' })
    const first = one.open(here)
    await time.elapse(timeoutMs / 2)
    const second = one.open(here)
    await time.elapse(2 * timeoutMs)
    const waited = [first, second].map(({ answeredMs, askedMs }) => answeredMs! - askedMs)
    expect(Math.max(...waited)).toBeLessThanOrEqual(timeoutMs + 1)
  })
})
