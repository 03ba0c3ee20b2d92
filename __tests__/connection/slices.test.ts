import { expect, it } from '@jest/globals'
import { inSlices } from '../../lib/connection/slices.ts'

/** Counts the turns of the event loop while something runs. */
async function turnsWhile(work: Promise<void>): Promise<number> {
  let turns = 0
  let isDone = false
  const count = (): void => {
    turns++
    if (!isDone) setImmediate(count)
  }
  setImmediate(count)
  await work
  isDone = true
  return turns
}

/** Keeps the process busy. */
function spin(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

it('gives other work its turn, again and again, however long the visits take', async () => {
  let visits = 0
  const turns = await turnsWhile(
    inSlices(Array.from({ length: 200 }), () => {
      visits++
      spin(0.5)
    }),
  )
  expect(visits).toBe(200)
  expect(turns).toBeGreaterThanOrEqual(15)
})

it('does what is quickly done in one turn', async () => {
  let visits = 0
  const work = inSlices([1, 2, 3], () => visits++)
  expect(visits).toBe(3)
  await work
})

it('visits what is added meanwhile, and not what is taken away', async () => {
  const all = new Set(Array.from({ length: 100 }, (_, n) => n))
  const seen: number[] = []
  const work = inSlices(all, (n) => {
    seen.push(n)
    spin(0.5)
  })
  expect(seen.length).toBeLessThan(100)
  all.delete(99)
  all.add(100)
  await work

  expect(seen).not.toContain(99)
  expect(seen).toContain(100)
  expect(seen).toHaveLength(100)
})

it('goes on to the next where a visit throws', async () => {
  const seen: number[] = []
  await inSlices([1, 2, 3], (n) => {
    seen.push(n)
    if (n === 2) throw new Error('no')
  })
  expect(seen).toEqual([1, 2, 3])
})
