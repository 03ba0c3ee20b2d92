import { describe, it } from '@jest/globals'
import { expectOneKeyEach, expectOneKeyOfIpv4 } from '../helpers/fuzz/addresses.ts'
import { expectByTheRule, expectNothingToChoose } from '../helpers/fuzz/forwarded.ts'
import { expectCalm, expectNoAddress } from '../helpers/fuzz/no-addresses.ts'
import { expectMadeOrReason, expectUnchanged } from '../helpers/fuzz/options.ts'
import type { Fuzzing } from '../helpers/fuzz/settings.ts'
import { expectInjective, expectKeyOrReason } from '../helpers/fuzz/templates.ts'
import { seconds, seed } from './settings.ts'

/** What is tried, how often in half an hour, and how many of these a second has room for. */
const properties: readonly [
  what: string,
  check: (fuzzing: Fuzzing) => void,
  most: number,
  perSecond: number,
][] = [
  ['A-31: spellings of addresses', expectOneKeyEach, 1_000_000, 1_000],
  ['A-31: spellings of IPv4 addresses', expectOneKeyOfIpv4, 1_000_000, 1_000],
  ['A-31: what is nearly an address', expectNoAddress, 1_000_000, 1_000],
  ['addresses out of text of any kind', expectCalm, 300_000, 200],
  ['A-30: X-Forwarded-For by the rule', expectByTheRule, 300_000, 200],
  ['A-30: X-Forwarded-For that a client writes', expectNothingToChoose, 300_000, 200],
  ['values in templates', expectInjective, 1_000_000, 1_000],
  ['templates out of text of any kind', expectKeyOrReason, 300_000, 200],
  ['options of any kind', expectMadeOrReason, 200_000, 200],
  ['changes of options of any kind', expectUnchanged, 100_000, 100],
]

describe(`seed ${seed}`, () => {
  it.each(properties)('%s', (_, check, most, perSecond) => {
    check({ numRuns: Math.min(most, seconds * perSecond), seed })
  })
})
