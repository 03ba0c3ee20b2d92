import { afterEach, beforeEach, jest } from '@jest/globals'
import type { Decision } from '../../lib/core/decision.ts'
import { Holder } from '../../lib/core/holder.ts'
import type { MiddlewareOptions } from '../../lib/options/middleware.ts'
import { policyOf, queueUp, zoneOf, type TestPolicy, type Turn } from './policies.ts'

/** Names of those who were let in, in order. */
export const told: string[] = []

/** Lets one in at a time, unless told otherwise. */
export function queueing(over: MiddlewareOptions = {}): TestPolicy {
  return policyOf({ zone: zoneOf(), limit: 1, queue: { max: 9, timeoutMs: 1_000 }, ...over })
}

/** A request comes; a slow one is to be told when to ask again. */
export function come(policy: TestPolicy, name: string, keys = ['a'], isSlow = false): Turn {
  return queueUp(policy, { name, holder: new Holder(), decisions: [] }, { keys, isSlow, told })
}

export function again(policy: TestPolicy, turn: Turn): Turn {
  return queueUp(policy, turn, { isSlow: true, told })
}

export function end(...turns: readonly Turn[]): void {
  for (const { holder } of turns) holder.end()
}

/** Those are called for whom there is room. */
export function tick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}

export function statusOf({ decisions }: Turn): Decision['status'][] {
  return decisions.map(({ status }) => status)
}

export function waitingIn(policy: TestPolicy): number[] {
  return policy.zones.map((zone) => zone.stats().waiting)
}

beforeEach(() => {
  told.length = 0
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'hrtime'] })
})

afterEach(() => {
  const timers = jest.getTimerCount()
  jest.useRealTimers()
  if (timers > 0) throw new Error(`${timers} timers run for nobody`)
})
