import { describe, expect, it } from '@jest/globals'
import { Crowd, expectNothingLeftOfResets } from '../helpers/crowd/crowd.ts'
import { say } from '../helpers/say.ts'
import { expectFlatHeap, type Sample } from './heap.ts'
import { seconds, seed } from './settings.ts'

const roundSeconds = Math.min(10, seconds / 6)
/** All of them, but in a short run. */
const disconnects = Math.min(100_000, seconds * 500)

/** Where the clients go; http has what is left. */
const parts = { https: 0.2, http2: 0.25, proxied: 0.3 }
const limitMs = (seconds + 300) * 1_000

describe(`guarded servers on http, https, HTTP/2 and behind a proxy, seed ${seed}`, () => {
  it(
    `A-01: count what they have open, ${seconds} s long, under clients of all kinds`,
    async () => {
      const crowd = await Crowd.start({ seed, processes: 4, most: 500, isWhole: true })
      const before = await crowd.expectEmpty()
      const heap: Sample[] = []
      const start = performance.now()
      let now = 0

      while (now < seconds) {
        await crowd.work({ table: 'behaviours', parts, forMs: roundSeconds * 700 })
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

      const { fewPeak, totals, descriptors } = await crowd.expectEmpty()
      say(`${now} s, ${crowd.visits} visits, at most ${totals.peakOpen} open at one time`)
      say(
        Object.entries(totals)
          .map(([what, count]) => `${count} ${what}`)
          .join(', '),
      )
      say(`open files: ${before.descriptors} before, ${descriptors} after`)
      expect(fewPeak).toBe(5)
      expect(Math.min(...Object.values(totals))).toBeGreaterThan(0)
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
