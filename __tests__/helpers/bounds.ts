import { expect } from '@jest/globals'
import { elapse } from './until.ts'

/** What a busy machine may add. */
const lateMs = 400
/** How much later than the server the test may have looked at the clock. */
const lostMs = 40

/** A bound was kept: not early, and no later than one sweep. */
export function expectInTime(spentMs: number, boundMs: number, everyMs: number): void {
  expect(spentMs).toBeGreaterThan(boundMs - lostMs)
  expect(spentMs).toBeLessThan(boundMs + everyMs + lateMs)
}

/** Does something again and again, for so long. */
export async function untilSpent(ms: number, everyMs: number, work: () => unknown): Promise<void> {
  const endMs = performance.now() + ms
  while (performance.now() < endMs) {
    work()
    await elapse(everyMs)
  }
}
