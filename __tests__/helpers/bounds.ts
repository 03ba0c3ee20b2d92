import { expect } from '@jest/globals'
import { elapse } from './until.ts'

/** What a busy machine may add. */
const lateMs = 400

/** A bound was kept: not early, and no later than one sweep. Timers of Node may be early by a millisecond. */
export function expectInTime(spentMs: number, boundMs: number, everyMs: number): void {
  expect(spentMs).toBeGreaterThan(boundMs - 5)
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
