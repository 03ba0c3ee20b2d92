import { afterEach, describe, expect, it, jest } from '@jest/globals'
import type { Decision } from '../../lib/core/decision.ts'
import { GONE } from '../../lib/core/key.ts'
import { Holder } from '../../lib/core/holder.ts'
import type { MiddlewareOptions } from '../../lib/options/middleware.ts'
import { policyOf } from '../helpers/policies.ts'

const fail = (thrown: unknown) => (): never => {
  throw thrown
}

/** What becomes of somebody who asks for all limits of a policy. */
async function decide(options: MiddlewareOptions): Promise<Decision> {
  const policy = policyOf(options)
  return policy.enter(new Holder(), await policy.evaluate([{ keys: [] }])).decision
}

afterEach(() => {
  jest.useRealTimers()
})

describe('several limits', () => {
  it.each([0, 1])('may answer some now and some later: the one in place %p is late', async (late) => {
    const key = (place: number) => (): never => (place === late ? Promise.resolve('b') : 'a') as never
    const limits = [0, 1].map((place) => ({ limit: 1, key: key(place) }))
    expect(await decide({ limits })).toMatchObject({ status: 'PASSED', active: 1 })
  })

  it.each([
    ['before', 0],
    ['behind', 1],
  ])('find a peer gone, also %s a function that fails', async (_, place) => {
    const limits = [0, 1].map((index) => ({
      limit: 1,
      key: index === place ? () => GONE as never : fail('boom'),
    }))
    expect(await decide({ limits })).toEqual({ status: 'GONE', passed: false })
  })
})

describe('a function', () => {
  it('of a limit is not asked where the key is empty', async () => {
    const limit = jest.fn(() => 1)
    expect((await decide({ limit, key: () => '' })).passed).toBe(true)
    expect(limit).not.toHaveBeenCalled()
  })

  it('may answer with a function that is a promise', async () => {
    const answer = Object.assign(() => undefined, { then: (resolve: (key: string) => void) => resolve('a') })
    expect((await decide({ limit: 1, key: () => answer as never })).status).toBe('PASSED')
  })

  it('that answers leaves no timer behind', async () => {
    jest.useFakeTimers()
    expect((await decide({ limit: 1, key: async () => 'a' })).passed).toBe(true)
    expect(jest.getTimerCount()).toBe(0)
  })

  it.each<[string, MiddlewareOptions, string]>([
    [
      'gives no answer',
      { limit: 1, key: () => new Promise<never>(() => undefined), timeoutMs: 5 },
      'options.key',
    ],
    ['answers what is no key', { limit: 1, key: () => false as never }, 'options.key'],
    ['answers what is no limit', { limit: () => -1, key: () => 'a' }, 'options.limit'],
    ['fails', { limit: fail('boom'), key: () => 'a' }, 'options.limit'],
  ])('that %s is named in the error', async (_, options, option) => {
    expect((await decide(options)).error).toMatchObject({ option })
  })

  it('may throw what has no text', async () => {
    const thrown = Object.assign(new Error(), { message: Symbol('no text') })
    const { error } = await decide({ limit: 1, key: fail(thrown) })
    expect(error).toMatchObject({
      code: 'ERR_LIMIT_CONN_FUNCTION_FAILED',
      message: expect.stringContaining('options.key failed: it threw something that has no text'),
    })
  })
})
