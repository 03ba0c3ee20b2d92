import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { byHeader, byIp, byTemplate } from '../../lib/index.ts'
import { traitsOf } from '../../lib/key/traits.ts'

const trust = (): boolean => false

describe('the traits of a key function', () => {
  it.each<[what: string, key: object, traits: object]>([
    ['byIp()', byIp(), { needsRequest: false, isUnchecked: false, usesAddress: true }],
    [
      'byIp({ trustProxy })',
      byIp({ trustProxy: trust }),
      { needsRequest: false, isUnchecked: false, usesAddress: true, trust },
    ],
    ['byHeader', byHeader('x'), { needsRequest: true, isUnchecked: true, usesAddress: false }],
    [
      "byHeader, missing: 'address'",
      byHeader('x', { missing: 'address' }),
      { needsRequest: true, isUnchecked: true, usesAddress: true },
    ],
    ['a function of the user', () => 'k', { needsRequest: false, isUnchecked: false, usesAddress: false }],
  ])('are known of %s', (_what, key, traits) => {
    expect(traitsOf(key)).toEqual(traits)
  })

  it('are none of a function that throws where it is asked for them', () => {
    const get = (): never => {
      throw new Error('boom')
    }
    expect(traitsOf(new Proxy(() => 'k', { get }))).toMatchObject({ isUnchecked: false, usesAddress: false })
  })

  it('do not show, and nobody changes them', () => {
    expect(inspect(byIp())).toBe('[Function: keyOfAddress]')
    expect(Object.isFrozen(traitsOf(byIp()))).toBe(true)
  })
})

it('an address in a PROXY protocol header is no text of the client, nor needed', () => {
  for (const [template, isUnchecked] of [
    ['$proxy_protocol_addr', false],
    ['$proxy_protocol_addr$host', false],
    ['$proxy_protocol_addr$http_a', true],
  ] as const)
    expect(traitsOf(byTemplate(template))).toMatchObject({ isUnchecked, usesAddress: false })
})
