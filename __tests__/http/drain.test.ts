import { describe, expect, it } from '@jest/globals'
import { answerAll, draining, drainKinds } from '../helpers/draining.ts'
import { elapse, until } from '../helpers/until.ts'

const none = { idle: 0, ended: 0, cut: 0, upgraded: 0 }
/** Longer than any test: who waits for it has not resolved early. */
const longMs = 60_000

describe.each(drainKinds)('$layer on $kind', (kind) => {
  it('closes what is idle at once, and does not wait for the end', async () => {
    const { client, held, shutDown, policy } = await draining(kind)
    const clients = await Promise.all([1, 2, 3].map(() => client()))
    const answers = clients.map((each) => each.ask())
    await held.arrived(3)
    answerAll(held)
    expect(await Promise.all(answers)).toEqual(['ok', 'ok', 'ok'])

    expect(await shutDown(longMs)).toEqual({ ...none, idle: 3 })
    expect(policy.zones[0]!.stats()).toMatchObject({ active: 0, drained: 3 })
    await until('they are closed', () => clients.every((each) => each.isClosed()))
  })

  it('lets a request in work finish, and closes its connection then', async () => {
    const { client, held, shutDown, policy } = await draining(kind)
    const [one, other] = [await client(), await client()]
    const answers = [one.ask(), other.ask()]
    await held.arrived(2)
    let isDone = false
    const report = shutDown(longMs).finally(() => (isDone = true))
    await elapse(200)
    expect(isDone).toBe(false)
    expect(policy.zones[0]!.stats().active).toBe(2)

    answerAll(held)
    expect(await Promise.all(answers)).toEqual(['ok', 'ok'])
    expect(await report).toEqual({ ...none, ended: 2 })
    await until('they are closed', () => one.isClosed() && other.isClosed())
  })

  it('cuts after the time what is still in work', async () => {
    const { client, held, shutDown, policy } = await draining(kind)
    const one = await client()
    const answer = one.ask()
    await held.arrived(1)
    const startMs = performance.now()
    expect(await shutDown(150)).toEqual({ ...none, cut: 1 })
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(149)
    expect(await answer).toBe(undefined)
    expect(policy.zones[0]!.stats()).toMatchObject({ active: 0, drained: 1 })
  })

  it('asks a client that is in the middle of a request to go after it, and loses none of its answers', async () => {
    const { client, shutDown, held } = await draining(kind)
    const one = await client()
    const answer = one.ask()
    await held.arrived(1)
    const report = shutDown(longMs)
    await elapse(70)
    answerAll(held)
    expect(await answer).toBe('ok')

    void one.ask('/again')
    await until('it is closed, or let in', () => one.isClosed() || held.runs === 2)
    expect(held.runs).toBe(1)
    expect(await report).toEqual({ ...none, ended: 1 })
  })

  it('counts each connection once: idle, ended, cut', async () => {
    const { client, shutDown, held } = await draining(kind)
    const [idle, ended, cut] = [await client(), await client(), await client()]
    const first = idle.ask()
    await held.arrived(1)
    answerAll(held)
    await first
    const answers = [ended.ask('/ended'), cut.ask('/cut')]
    await held.arrived(2)
    const report = shutDown(400)
    await elapse(100)
    held.waiting.pop()
    answerAll(held)
    expect(await report).toEqual({ idle: 1, ended: 1, cut: 1, upgraded: 0 })
    expect((await Promise.all(answers)).filter((answer) => answer === 'ok')).toHaveLength(1)
  })

  it('drain(0) closes all at once', async () => {
    const { client, shutDown, held, sockets } = await draining(kind)
    const clients = await Promise.all([1, 2, 3].map(() => client()))
    for (const each of clients) void each.ask()
    await held.arrived(3)
    const report = shutDown(0)
    expect(await report).toEqual({ ...none, cut: 3 })
    await until('they are closed', () => sockets.size === 0)
  })

  it('two at a time end all by the earlier time, and each tells what it saw', async () => {
    const { client, shutDown, policy, held } = await draining(kind)
    const clients = await Promise.all([1, 2].map(() => client()))
    for (const each of clients) void each.ask()
    await held.arrived(2)
    const [long, short] = await Promise.all([shutDown(longMs), policy.drain(50)])
    expect(short).toEqual({ ...none, cut: 2 })
    expect(long).toEqual({ ...none, ended: 2 })
    expect(policy.zones[0]!.stats().drained).toBe(2)
    expect(await policy.drain(longMs)).toEqual(none)
  })
})
