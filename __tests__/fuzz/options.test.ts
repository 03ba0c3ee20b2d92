import { describe, it } from '@jest/globals'
import { expectMadeOrReason, expectUnchanged } from '../helpers/fuzz/options.ts'
import { fuzzing } from '../helpers/fuzz/settings.ts'

describe('options of any kind', () => {
  it('are taken, or refused by a LimitConnError that says why in a few words', () => {
    expectMadeOrReason(fuzzing(5_000))
  }, 60_000)

  it('change nothing that is in force if setConfig or extend refuses them', () => {
    expectUnchanged(fuzzing(3_000))
  }, 60_000)
})
