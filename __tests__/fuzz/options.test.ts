import { describe, it } from '@jest/globals'
import { hostiles } from '../helpers/fuzz/hostile.ts'
import { expectEachReadOrRefused, expectMadeOrReason, expectUnchanged } from '../helpers/fuzz/options.ts'
import { fuzzing } from '../helpers/fuzz/settings.ts'

describe('options of any kind', () => {
  it.each(Object.entries(hostiles))('are read or refused, each by itself: %s', (_, make) => {
    expectEachReadOrRefused(make)
  })

  it('are taken, or refused by a LimitConnError that says why in a few words', () => {
    expectMadeOrReason(fuzzing(3_000))
  }, 60_000)

  it('change nothing that is in force if setConfig or extend refuses them', () => {
    expectUnchanged(fuzzing(3_000))
  }, 60_000)
})
