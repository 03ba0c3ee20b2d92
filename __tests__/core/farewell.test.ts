import { describe, expect, it, jest } from '@jest/globals'
import { carried } from '../helpers/carrier.ts'
import { ask, change, policyOf, zoneOf } from '../helpers/policies.ts'

describe('onEvict', () => {
  it('has nothing to wait for where all fail, and the policy is told of it; else what was said is waited for', async () => {
    const fail = (): never => {
      throw new Error('boom')
    }
    const zone = zoneOf()
    const [policy, silent, other] = [fail, fail, () => undefined].map((onEvict) =>
      policyOf({ zone, limit: 9, onEvict }),
    )
    const report = jest.fn()
    policy!.reportTo(report)
    const said = (...policies: readonly (typeof policy)[]): Promise<unknown> => {
      const [holder, parcel] = carried()
      for (const each of policies) ask(each!, holder, 'a')
      return new Promise((resolve) => {
        parcel.close = (farewell) => resolve(farewell!(parcel))
        zone.kick('a')
      })
    }
    await expect(said(policy)).rejects.toThrow('no farewell was said')
    const code = 'ERR_LIMIT_CONN_FUNCTION_FAILED'
    expect(report.mock.calls).toEqual([[expect.objectContaining({ code, option: 'options.onEvict' })]])
    await expect(said(silent, other)).resolves.toBeUndefined()
  })

  it('is not called by a policy that counts in another zone by now', () => {
    const [zone, onEvict] = [zoneOf(), jest.fn()]
    const policy = policyOf({ zone, limit: 9, onEvict })
    const [holder, parcel] = carried()
    ask(policy, holder, 'a')
    change(policy, { zone: zoneOf() })
    expect([zone.kick('a'), parcel.isClosed, onEvict.mock.calls]).toEqual([1, true, []])
  })
})
