import path from 'node:path'
import { expect, it } from '@jest/globals'
import { Child } from '../helpers/child.ts'

/** A primary with four workers, and a limit of 20 that they share. */
class Crowd {
  readonly child: Child
  #asked = 0
  /** Most that were open at one time, as the workers have told. */
  most = 0

  constructor(commandTimeoutMs: number) {
    const program = path.join(__dirname, '../helpers/cluster-crowd.js')
    this.child = new Child([program, String(commandTimeoutMs)])
  }

  async tell(worker: number, name: string, options: object = {}): Promise<unknown> {
    const id = ++this.#asked
    this.order({ id, worker, name, ...options })
    const find = (): string | undefined =>
      this.child.messages.map(String).find((text) => text.startsWith(`{"id":${id},`))
    const { result, most } = JSON.parse(await this.child.until(`${name} is done`, find)) as {
      readonly result: unknown
      readonly most: number
    }
    this.most = most
    return result
  }

  order(order: object): void {
    this.child.send(JSON.stringify(order))
  }

  /** Asks a worker for the count of all until it is that. */
  async untilAll(worker: number, total: number, withinMs = 10_000): Promise<void> {
    const deadline = performance.now() + withinMs
    for (;;) {
      const found = await this.tell(worker, 'all')
      if (found === total) return
      if (performance.now() > deadline) throw new Error(`${String(found)} in place of ${total}`)
    }
  }
}

/** By default a busy machine has time to answer. */
async function start(commandTimeoutMs = 5_000): Promise<Crowd> {
  const crowd = new Crowd(commandTimeoutMs)
  await crowd.child.ready()
  return crowd
}

const all = [0, 1, 2, 3]

it('F22, F32, F35: four workers are never above the limit together, and at the end nothing is left', async () => {
  const crowd = await start()

  const left = await Promise.all(
    all.map((worker) => crowd.tell(worker, 'churn', { opens: 1_000, seed: worker })),
  )
  expect(left).toEqual([0, 0, 0, 0])
  expect(crowd.most).toBe(20)
  await crowd.untilAll(0, 0)
  expect(crowd.child.stderr).toBe('')
})

it('what a killed worker held is free at once; what a paused one holds stays counted', async () => {
  const crowd = await start()
  for (const worker of all) expect(await crowd.tell(worker, 'open', { count: 5 })).toBe(5)
  expect(await crowd.tell(0, 'open', { count: 3 })).toBe(0)

  crowd.order({ worker: 2, signal: 'SIGSTOP' })
  crowd.order({ worker: 3, signal: 'SIGKILL' })
  await crowd.untilAll(0, 15, 1_000)
  expect(await crowd.tell(1, 'open', { count: 8 })).toBe(5)
  expect(await crowd.tell(1, 'all')).toBe(20)

  crowd.order({ worker: 2, signal: 'SIGCONT' })
  await crowd.tell(2, 'leave')
  expect(await crowd.tell(1, 'all')).toBe(15)
  expect(crowd.child.stderr).toBe('')
})

it('workers whose primary is busy keep to their share, and count together again by themselves', async () => {
  const crowd = await start(100)
  // Twice, so that each has heard of all.
  for (const worker of [...all, ...all]) await crowd.tell(worker, 'all')
  await new Promise((resolve) => setTimeout(resolve, 1_500))

  const opening = all.map((worker) => crowd.tell(worker, 'outlast'))
  crowd.order({ busyMs: 1_500 })
  const held = (await Promise.all(opening)).map(Number)
  const total = held.reduce((sum, one) => sum + one, 0)
  expect(total).toBeGreaterThanOrEqual(20)
  expect(total).toBeLessThan(40)
  await crowd.untilAll(0, total)
  expect(crowd.child.stderr).not.toContain('Error:')
})

it('a worker listens for messages only while it waits for an answer', async () => {
  const crowd = await start()
  await crowd.tell(0, 'open', { count: 2 })
  await crowd.tell(0, 'leave')
  // The test's own way in is one.
  expect(await crowd.tell(0, 'listeners')).toBe(1)
})
