import { describe, expect, it, jest } from '@jest/globals'
import { change, type TestPolicy, type Turn } from '../helpers/policies.ts'
import { again, come, end, queueing, statusOf, tick, told, waitingIn } from '../helpers/waiting.ts'

describe('setConfig', () => {
  it('lets as many in as there is room for now, in order', () => {
    const policy = queueing()
    const turns = ['a', 'b', 'c', 'd'].map((name) => come(policy, name))
    change(policy, { limit: 3 })
    expect([told, waitingIn(policy), jest.getTimerCount()]).toEqual([['a', 'b', 'c'], [1], 1])
    end(...turns)
  })

  it('asks again in the order in which they came, whatever they wait for', () => {
    const policy = queueing()
    const keys = ['a', 'b', 'a', 'b', 'a', 'a', 'b']
    const turns = keys.map((key, index) => come(policy, String(index), [key]))
    change(policy, { limit: 9 })
    expect(told.map(Number)).toEqual([...keys.keys()])
    end(...turns)
  })

  it('keeps the places of those who take their time to ask again', async () => {
    const policy = queueing()
    const open = come(policy, 'open')
    const [a, b] = ['a', 'b'].map((name) => come(policy, name, ['a'], true))
    jest.advanceTimersByTime(400)
    change(policy, { limit: 1 })
    expect(waitingIn(policy)).toEqual([0])
    const c = come(policy, 'c')
    again(policy, b!)
    again(policy, a!)
    expect(policy.zones[0]!.stats()).toMatchObject({ waiting: 3, queued: 3 })
    end(open)
    await tick()
    end(a!)
    await tick()
    expect(told).toEqual(['open', 'a', 'b'])
    end(b!, c)
  })

  it('keeps how long they wait, and takes in those whose place is beyond a new max', () => {
    const policy = queueing()
    const open = come(policy, 'open')
    const turns = ['a', 'b'].map((name) => come(policy, name))
    jest.advanceTimersByTime(400)
    change(policy, { queue: { max: 1, timeoutMs: 5_000 } })
    expect(waitingIn(policy)).toEqual([2])
    jest.advanceTimersByTime(600)
    expect(turns.map(statusOf)).toEqual([['REJECTED'], ['REJECTED']])
    end(open)
  })

  it('refuses those who wait where the queue was taken away', () => {
    const policy = queueing()
    const turns = ['a', 'b', 'c'].map((name) => come(policy, name))
    change(policy, { queue: false })
    expect(turns.map(statusOf)).toEqual([['PASSED'], ['REJECTED'], ['REJECTED']])
    expect(policy.zones[0]!.stats()).toMatchObject({ waiting: 0, rejected: 2 })
    end(...turns)
  })

  it('finds some gone that were asked again', () => {
    const policy = queueing()
    const [open, a] = [come(policy, 'open'), come(policy, 'a', ['a'], true)]
    change(policy, { limit: 2 })
    end(a)
    expect(statusOf(again(policy, a))).toEqual(['GONE'])
    expect(policy.zones[0]!.stats()).toMatchObject({ waiting: 0, active: 1 })
    end(open)
  })
})

describe('stop', () => {
  it('refuses all who wait, in order, and lets nobody wait any more', () => {
    const policy = queueing()
    const turns = ['a', 'b', 'c'].map((name) => come(policy, name))
    policy.stopWaiting()
    turns.push(come(policy, 'd'))
    expect(turns.map(statusOf)).toEqual([['PASSED'], ['REJECTED'], ['REJECTED'], ['REJECTED']])
    end(turns[0]!)
    expect(come(policy, 'e').decisions[0]!.passed).toBe(true)
    expect(policy.zones[0]!.stats()).toMatchObject({ rejected: 3, queued: 2, waiting: 0 })
  })
})

describe('many', () => {
  const most = 10_000

  /** Ten thousand in line behind one. */
  function crowd(): [TestPolicy, Turn, Turn[]] {
    const policy = queueing({ queue: { max: most } })
    const first = come(policy, 'first')
    const turns = Array.from({ length: most }, (_, n) => come(policy, String(n)))
    return [policy, first, turns]
  }

  it.each<[string, (policy: TestPolicy, turns: Turn[]) => void]>([
    ['go one after the other', (_, turns) => end(...turns)],
    ['go, the last first', (_, turns) => end(...turns.toReversed())],
    ['wait for too long', () => jest.advanceTimersByTime(5_000)],
    ['ask again', (policy) => change(policy, { limit: 1 })],
    ['are refused', (policy) => policy.stopWaiting()],
    ['come in', (policy) => change(policy, { limit: most + 1 })],
  ])('%s: none is lost, and it does not take for ever', async (_, happens) => {
    const [policy, first, turns] = crowd()
    const startMs = process.hrtime.bigint()
    happens(policy, turns)
    end(first)
    await tick()
    const ms = Number(process.hrtime.bigint() - startMs) / 1e6
    end(...turns)
    await tick()
    expect(policy.zones[0]!.stats()).toMatchObject({ active: 0, waiting: 0, queued: most })
    expect(policy.zones[0]!.queues.size).toBe(0)
    // Measured, with the clock of the test: 0.07 to 0.5 s.
    expect(ms).toBeLessThan(5_000)
  })
})
