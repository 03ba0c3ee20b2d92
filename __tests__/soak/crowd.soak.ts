import { describe, expect, it } from '@jest/globals'
import { Crowd, expectNothingLeftOfResets } from '../helpers/crowd/crowd.ts'
import { say } from '../helpers/say.ts'
import { expectFlatHeap, type Sample } from './heap.ts'
import { seconds, seed } from './settings.ts'

const roundSeconds = Math.min(10, seconds / 6)
/** All of them, but in a short run. */
const disconnects = Math.min(100_000, seconds * 500)
const limitMs = (seconds + 300) * 1_000

describe(`guarded servers on http and https, seed ${seed}`, () => {
  it(
    `A-01: count what they have open, ${seconds} s long, under clients of all kinds`,
    async () => {
      const crowd = await Crowd.start({ seed, processes: 4, most: 500 })
      const before = await crowd.expectEmpty()
      const heap: Sample[] = []
      const start = performance.now()
      let now = 0

      while (now < seconds) {
        await crowd.work({ table: 'behaviours', tlsPart: 0.3, forMs: roundSeconds * 700 })
        const open = await crowd.expectEven()
        const { heapBytes, descriptors } = await crowd.expectEmpty()
        now = Math.round((performance.now() - start) / 1_000)
        heap.push({ atSeconds: now, bytes: heapBytes })

        say(
          `${now} s: ${crowd.visits} visits, ${open} open at rest, heap ${inMb(heapBytes)}, ${descriptors} fds`,
        )
        expect(open).toBeGreaterThan(0)
        expect(crowd.failures).toEqual([])
        expect(Math.abs(descriptors - before.descriptors)).toBeLessThanOrEqual(2)
      }

      const { fewPeak, passed } = await crowd.expectEmpty()
      say(`${crowd.visits} visits, ${passed} let in, at most ${fewPeak} of the few`)
      expect(fewPeak).toBe(5)
      expect(crowd.said).toBe('')
      say(expectFlatHeap(heap))
    },
    limitMs,
  )

  it(`A-45: have nothing left after ${disconnects} disconnects`, async () => {
    const crowd = await Crowd.start({ seed, processes: 2, most: 200 })
    await expectNothingLeftOfResets(crowd, disconnects, 0.05)
  })
})

function inMb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`
}
