import { describe, it } from '@jest/globals'
import { expectOneKeyEach, expectOneKeyOfIpv4 } from '../helpers/fuzz/addresses.ts'
import { expectCalm, expectNoAddress } from '../helpers/fuzz/no-addresses.ts'
import { fuzzing } from '../helpers/fuzz/settings.ts'

describe('A-31: byIp, against the bits of the address', () => {
  it('gives every spelling one key, and other addresses another unless their subnet is the same', () => {
    expectOneKeyEach(fuzzing(10_000))
  }, 60_000)

  it('gives an IPv4 address one key, in IPv6 as well', () => {
    expectOneKeyOfIpv4(fuzzing(10_000))
  }, 60_000)

  it('reads no address where there is nearly one', () => {
    expectNoAddress(fuzzing(10_000))
  }, 60_000)

  it('takes text of any kind', () => {
    expectCalm(fuzzing(2_000))
  }, 60_000)
})
